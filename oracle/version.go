package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

type parts struct {
	Major    uint64 `json:"major"`
	Minor    uint64 `json:"minor"`
	Patch    uint64 `json:"patch"`
	Pre      string `json:"pre"`
	Meta     string `json:"meta"`
	Original string `json:"original"`
	String   string `json:"string"`
}

// version: {"text"} -> {"loose": parts or null, "bare": whether the text is strict without a "v"}
func version(question json.RawMessage) (any, error) {
	var asked struct{ Text string }
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	var answer struct {
		Loose *parts `json:"loose"`
		Bare  bool   `json:"bare"`
	}
	if v, err := semver.NewVersion(asked.Text); err == nil {
		answer.Loose = &parts{
			v.Major(), v.Minor(), v.Patch(), v.Prerelease(), v.Metadata(), v.Original(), v.String(),
		}
	}
	_, err := semver.StrictNewVersion(asked.Text)
	answer.Bare = err == nil
	return answer, nil
}

// constraint: {"constraint", "versions"} -> {"error": true} or {"matches": one of true, false and
// null (no version) for each}
func constraint(question json.RawMessage) (any, error) {
	var asked struct {
		Constraint string
		Versions   []string
	}
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	c, err := semver.NewConstraint(asked.Constraint)
	if err != nil {
		return refused{true}, nil
	}
	matches := make([]any, len(asked.Versions))
	for i, text := range asked.Versions {
		if v, err := semver.NewVersion(text); err == nil {
			matches[i] = c.Check(v)
		}
	}
	return map[string]any{"matches": matches}, nil
}

// order: {"versions"} -> {"sorted": those that are versions, best first, "precedence": how each of
// them compares to the next}
func order(question json.RawMessage) (any, error) {
	var asked struct{ Versions []string }
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	versions := []*semver.Version{}
	for _, text := range asked.Versions {
		if v, err := semver.NewVersion(text); err == nil {
			versions = append(versions, v)
		}
	}
	slices.SortFunc(versions, func(left, right *semver.Version) int {
		if precedence := right.Compare(left); precedence != 0 {
			return precedence
		}
		return strings.Compare(right.Original(), left.Original())
	})
	sorted, precedence := []string{}, []int{}
	for i, v := range versions {
		sorted = append(sorted, v.Original())
		if i > 0 {
			precedence = append(precedence, versions[i-1].Compare(v))
		}
	}
	return map[string]any{"sorted": sorted, "precedence": precedence}, nil
}
