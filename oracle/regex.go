package main

import (
	"encoding/json"
	"regexp"
)

// regex: {"pattern", "texts"} -> {"error": true} or {"matches": true or false for each}
func regex(question json.RawMessage) (any, error) {
	var asked struct {
		Pattern string
		Texts   []string
	}
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(asked.Pattern)
	if err != nil {
		return refused{true}, nil
	}
	matches := make([]bool, len(asked.Texts))
	for i, text := range asked.Texts {
		matches[i] = re.MatchString(text)
	}
	return map[string]any{"matches": matches}, nil
}
