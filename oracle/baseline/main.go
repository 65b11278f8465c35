// Command baseline does with Kargo's own modules what selection-strategies does, so that both can be timed on the same
// input in one run.
//
//	baseline [-best N] semver CONSTRAINT   < tags     those that meet it, newest first
//	baseline [-best N] paths  SELECTOR...  < paths    those that a selector includes
//	baseline [-best N] expr   EXPRESSION...< commits  lines of JSON; how many (commit, expression) pairs are true
//	baseline -best N   index                < file    how many versions an index.yaml has, by gopkg.in/yaml.v3
//	baseline           chart  URL CHART               the newest 20 versions of a chart in a chart repository
//
// Without -best it prints what it chose. With it, it works N times over and prints, as JSON, how much it chose and the
// nanoseconds of the fastest time; reading the input does not count.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/bmatcuk/doublestar/v4"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

func main() {
	best := flag.Int("best", 0, "time this many runs and print the fastest")
	flag.Parse()
	if err := run(*best, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

func run(best int, arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "index" {
		return timeIndex(best)
	}
	if len(arguments) < 2 {
		return fmt.Errorf("expected a rule and its arguments")
	}
	if len(arguments) == 3 && arguments[0] == "chart" {
		chosen, err := chartVersions(arguments[1], arguments[2])
		fmt.Println(strings.Join(chosen, "\n"))
		return err
	}
	lines := read()
	var work func() ([]string, error)
	switch arguments[0] {
	case "semver":
		work = func() ([]string, error) { return versions(lines, arguments[1]) }
	case "paths":
		work = func() ([]string, error) { return paths(lines, arguments[1:]) }
	case "expr":
		commits, err := environments(lines)
		if err != nil {
			return err
		}
		work = func() ([]string, error) { return expressions(commits, arguments[1:]) }
	default:
		return fmt.Errorf("nobody knows the rule %q", arguments[0])
	}
	if best == 0 {
		chosen, err := work()
		if err != nil {
			return err
		}
		out := bufio.NewWriter(os.Stdout)
		for _, line := range chosen {
			fmt.Fprintln(out, line)
		}
		return out.Flush()
	}
	fastest, count := time.Duration(1<<62), 0
	for range best {
		began := time.Now()
		chosen, err := work()
		if err != nil {
			return err
		}
		fastest, count = min(fastest, time.Since(began)), len(chosen)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int64{"chosen": int64(count), "nanoseconds": fastest.Nanoseconds()})
}

func read() []string {
	var lines []string
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return lines
}

func versions(tags []string, text string) ([]string, error) {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return nil, err
	}
	var found []*semver.Version
	for _, tag := range tags {
		if version, err := semver.NewVersion(tag); err == nil && constraint.Check(version) {
			found = append(found, version)
		}
	}
	slices.SortFunc(found, func(left, right *semver.Version) int {
		if order := right.Compare(left); order != 0 {
			return order
		}
		return strings.Compare(right.Original(), left.Original())
	})
	chosen := make([]string, len(found))
	for i, version := range found {
		chosen[i] = version.Original()
	}
	return chosen, nil
}

func paths(all, selectors []string) ([]string, error) {
	var matchers []func(string) bool
	for _, selector := range selectors {
		if pattern, ok := strings.CutPrefix(selector, "glob:"); ok {
			matchers = append(matchers, func(path string) bool { return doublestar.MatchUnvalidated(pattern, path) })
		} else if pattern, ok := strings.CutPrefix(selector, "regex:"); ok {
			regex, err := regexp.Compile(pattern)
			if err != nil {
				return nil, err
			}
			matchers = append(matchers, regex.MatchString)
		} else {
			matchers = append(matchers, func(path string) bool {
				rest, err := filepath.Rel(selector, path)
				return err == nil && !strings.Contains(rest, "..")
			})
		}
	}
	var chosen []string
	for _, path := range all {
		if slices.ContainsFunc(matchers, func(matches func(string) bool) bool { return matches(path) }) {
			chosen = append(chosen, path)
		}
	}
	return chosen, nil
}

func environments(lines []string) ([]map[string]any, error) {
	commits := make([]map[string]any, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &commits[i]); err != nil {
			return nil, err
		}
		if text, ok := commits[i]["commitDate"].(string); ok {
			moment, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return nil, err
			}
			commits[i]["commitDate"] = moment
		}
	}
	return commits, nil
}

func expressions(commits []map[string]any, texts []string) ([]string, error) {
	var chosen []string
	programs := make([]*vm.Program, len(texts))
	for i, text := range texts {
		program, err := expr.Compile(text)
		if err != nil {
			return nil, err
		}
		programs[i] = program
	}
	for _, commit := range commits {
		for i, program := range programs {
			value, err := expr.Run(program, commit)
			if err != nil {
				return nil, err
			}
			if truth, err := strconv.ParseBool(fmt.Sprintf("%v", value)); err == nil && truth {
				chosen = append(chosen, texts[i])
			}
		}
	}
	return chosen, nil
}
