package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// chartIndex is what Kargo reads of an index.yaml.
type chartIndex struct {
	Entries map[string][]struct {
		Version string `yaml:"version"`
	} `yaml:"entries"`
}

func parseIndex(text []byte) (*chartIndex, error) {
	var index chartIndex
	if err := yaml.Unmarshal(text, &index); err != nil {
		return nil, err
	}
	return &index, nil
}

// timeIndex parses the index on standard input several times, and prints the fastest time and how many versions it has.
func timeIndex(best int) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	fastest, count := time.Duration(1<<62), 0
	for range max(best, 1) {
		began := time.Now()
		index, err := parseIndex(text)
		if err != nil {
			return err
		}
		fastest, count = min(fastest, time.Since(began)), 0
		for _, versions := range index.Entries {
			count += len(versions)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int64{"chosen": int64(count), "nanoseconds": fastest.Nanoseconds()})
}

// chartVersions asks a chart repository as Kargo does: the whole index, read and parsed, then the versions of one chart in order.
func chartVersions(repository, chart string) ([]string, error) {
	response, err := http.Get(strings.TrimSuffix(repository, "/") + "/index.yaml")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(text)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range index.Entries[chart] {
		names = append(names, entry.Version)
	}
	chosen, err := versions(names, ">=0.0.0-0")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", chart, err)
	}
	return chosen[:min(20, len(chosen))], nil
}
