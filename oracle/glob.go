package main

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// glob: {"pattern", "paths"} -> {"error": true} or {"matches": true or false for each}
func glob(question json.RawMessage) (any, error) {
	var asked struct {
		Pattern string
		Paths   []string
	}
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	if !doublestar.ValidatePattern(asked.Pattern) {
		return refused{true}, nil
	}
	matches := make([]bool, len(asked.Paths))
	for i, path := range asked.Paths {
		matches[i] = doublestar.MatchUnvalidated(asked.Pattern, path)
	}
	return map[string]any{"matches": matches}, nil
}

// base: {"base", "paths"} -> {"matches": true or false for each}
//
// Kargo's rule for selectors without prefix, in the words of Go's standard library.
func base(question json.RawMessage) (any, error) {
	var asked struct {
		Base  string
		Paths []string
	}
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	matches := make([]bool, len(asked.Paths))
	for i, path := range asked.Paths {
		rest, err := filepath.Rel(asked.Base, path)
		matches[i] = err == nil && !strings.Contains(rest, "..")
	}
	return map[string]any{"matches": matches}, nil
}
