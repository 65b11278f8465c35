package main

import (
	"encoding/json"
	"regexp"
)

// regex: {"pattern", "texts", "bytes"} -> {"error": true} or {"matches": true or false for each text,
// then for each list of bytes}
func regex(question json.RawMessage) (any, error) {
	var asked struct {
		Pattern string
		Texts   []string
		Bytes   [][]uint16 // a list of uint8 would be a text in base64
	}
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(asked.Pattern)
	if err != nil {
		return refused{true}, nil
	}
	matches := []bool{}
	for _, text := range asked.Texts {
		matches = append(matches, re.MatchString(text))
	}
	for _, codes := range asked.Bytes {
		text := make([]byte, len(codes))
		for i, code := range codes {
			text[i] = byte(code)
		}
		matches = append(matches, re.MatchString(string(text)))
	}
	return map[string]any{"matches": matches}, nil
}
