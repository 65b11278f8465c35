// Command oracle answers questions with the very Go modules that Kargo uses, so that the Rust
// libraries can be held against them: one JSON object a line in, one JSON object a line out, in
// order, until the input ends.
//
// Each question names its family under "ask". A family is one file: a function from a question to
// an answer, and a line in the table below.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// An answer is whatever JSON can show; refused is the answer to questions that have none.
type refused struct {
	Error bool `json:"error"`
}

var families = map[string]func(json.RawMessage) (any, error){
	"version":    version,
	"constraint": constraint,
	"order":      order,
	"regex":      regex,
	"glob":       glob,
	"base":       base,
	"expression": expression,
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	questions := bufio.NewReaderSize(in, 1<<16)
	answers := bufio.NewWriterSize(out, 1<<16)
	encoder := json.NewEncoder(answers)
	encoder.SetEscapeHTML(false)
	for {
		line, err := questions.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return answers.Flush()
		}
		if err != nil && err != io.EOF {
			return err
		}
		var head struct{ Ask string }
		if err := json.Unmarshal(line, &head); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		family := families[head.Ask]
		if family == nil {
			return fmt.Errorf("nobody answers %q", head.Ask)
		}
		answer, err := family(line)
		if err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
		// Whoever asks in turn waits for the answer; whoever asks ahead is answered in bulk.
		if questions.Buffered() == 0 {
			if err := answers.Flush(); err != nil {
				return err
			}
		}
	}
}
