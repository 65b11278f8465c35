package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/expr-lang/expr"
)

// expression: {"env": "commit", "tag" or "freight", "expression"} -> {"class": "compile", "run",
// "not-bool", "true" or "false", "value": what is no truth value, as Go prints it}
//
// The environments are those of the conformance vectors.
func expression(question json.RawMessage) (any, error) {
	var asked struct {
		Env        string
		Expression string
	}
	if err := json.Unmarshal(question, &asked); err != nil {
		return nil, err
	}
	env, options, ok := environment(asked.Env)
	if !ok {
		return refused{true}, nil
	}
	type answer struct {
		Class string `json:"class"`
		Value string `json:"value,omitempty"`
	}
	program, err := expr.Compile(asked.Expression, options...)
	if err != nil {
		return answer{Class: "compile"}, nil
	}
	value, err := expr.Run(program, env)
	if err != nil {
		return answer{Class: "run"}, nil
	}
	if truth, ok := value.(bool); ok {
		return answer{Class: strconv.FormatBool(truth)}, nil
	}
	written := fmt.Sprintf("%v", value)
	truth, err := strconv.ParseBool(written)
	if err != nil {
		if !printable(reflect.ValueOf(value)) {
			written = ""
		}
		return answer{Class: "not-bool", Value: written}, nil
	}
	return answer{Class: strconv.FormatBool(truth)}, nil
}

// printable tells whether Go prints a value and not an address.
func printable(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Interface:
		return printable(value.Elem())
	case reflect.Slice, reflect.Array:
		for i := 0; i < value.Len(); i++ {
			if !printable(value.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			if value.Len() > 1 && reflect.ValueOf(key.Interface()).Kind() != reflect.String {
				// Keys of several types are printed in the order of their addresses.
				return false
			}
			if !printable(value.MapIndex(key)) {
				return false
			}
		}
	case reflect.Pointer:
		return value.IsNil()
	case reflect.Func, reflect.Struct:
		_, ok := value.Interface().(time.Time)
		return ok
	}
	return true
}

// moment is what Kubernetes holds a time in.
type moment struct{ time.Time }

func (m *moment) Before(other *moment) bool {
	return m != nil && other != nil && m.Time.Before(other.Time)
}

func (m *moment) Equal(other *moment) bool {
	return m == nil && other == nil || m != nil && other != nil && m.Time.Equal(other.Time)
}

func (m *moment) IsZero() bool { return m == nil || m.Time.IsZero() }

type image struct {
	Tag         string
	Digest      string
	Annotations map[string]string
	CreatedAt   *moment
}

type commit struct {
	ID, Branch, Tag, Subject, Author, Committer string
	CreatorDate                                 *moment
}

type chart struct{ RepoURL, Name, Version, SubscriptionName string }

type artifact struct {
	ArtifactType, SubscriptionName, Version string
	Metadata                                map[string]any
}

func environment(name string) (any, []expr.Option, bool) {
	env := map[string]any{
		"id":        "0123456789abcdef0123456789abcdef01234567",
		"author":    "John Doe <john@example.com>",
		"committer": "GitHub <noreply@github.com>",
		"subject":   "feat: add thing",
	}
	created := date("2024-03-01T08:00:00+02:00")
	switch name {
	case "commit":
		env["commitDate"] = date("2025-06-15T10:30:00Z")
		return env, nil, true
	case "tag":
		env["tag"] = "v1.2.3"
		env["creatorDate"] = created
		env["tagger"] = "T <t@x>"
		env["annotation"] = "release 1.2.3"
		return env, nil, true
	case "freight":
		images := map[string]any{
			"ghcr.io/example/frontend": image{
				Tag: "v1.2.3", Digest: "sha256:a",
				Annotations: map[string]string{"org.opencontainers.image.version": "1.2.3", "team": "web"},
				CreatedAt:   &moment{date("2025-06-15T10:30:00Z")},
			},
			"ghcr.io/example/backend": image{Tag: "v1.2.3"},
		}
		commits := map[string]any{
			"https://github.com/example/frontend.git": commit{ID: "0123456789", Tag: "v1", CreatorDate: &moment{created}},
			"https://github.com/example/backend.git":  commit{ID: "a", Tag: "v1"},
		}
		charts := map[string]any{
			"oci://example.com/my-chart":       chart{RepoURL: "oci://example.com/my-chart", Version: "1.2.3"},
			"oci://example.com/my-other-chart": chart{RepoURL: "oci://example.com/my-other-chart", Version: "1.2.3"},
			"https://charts.example.com":       chart{RepoURL: "https://charts.example.com", Name: "foo", Version: "1.9"},
		}
		artifacts := map[string]any{"sub": artifact{SubscriptionName: "sub", Version: "1.0.0"}}
		return nil, []expr.Option{
			expr.Function("imageFrom", lookup(images), new(func(string) image)),
			expr.Function("commitFrom", lookup(commits), new(func(string) commit)),
			expr.Function("chartFrom", lookup(charts), new(func(string, string) chart), new(func(string) chart)),
			expr.Function("artifactFrom", lookup(artifacts), new(func(string) artifact)),
		}, true
	}
	return nil, nil, false
}

func lookup(table map[string]any) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		if len(arguments) == 0 {
			return nil, fmt.Errorf("expected an argument")
		}
		key, ok := arguments[0].(string)
		if !ok {
			return nil, fmt.Errorf("expected a string")
		}
		found := table[key]
		if chart, ok := found.(chart); ok && len(arguments) > 1 && arguments[1] != chart.Name && arguments[1] != "" {
			return nil, nil
		}
		return found, nil
	}
}

func date(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
