//go:build ignore

// goyaml prints rows of JSON values and the YAML that sigs.k8s.io/yaml writes for them.
//
//	go run . vectors         the hand-written values, and short random ones
//	go run . random SEED N   N random values
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

type row struct {
	Value any     `json:"value"`
	YAML  *string `json:"yaml,omitempty"`
	Error string  `json:"error,omitempty"`
}

var out = bufio.NewWriterSize(os.Stdout, 1<<20)

func emit(value any) {
	first, err := yaml.Marshal(value)
	for range 8 {
		again, _ := yaml.Marshal(value)
		if !bytes.Equal(first, again) {
			return // the order of the keys contradicts itself and changes from run to run
		}
	}
	text := string(first)
	r := row{Value: value, YAML: &text}
	if err != nil {
		r.YAML, r.Error = nil, err.Error()
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		panic(err)
	}
}

var words = []string{
	"", " ", "a", "yes", "Yes", "YES", "yEs", "no", "NO", "on", "ON", "off", "Off", "y", "Y", "n", "N", "true", "True", "TRUE", "tRUE", "false", "null", "Null", "NULL", "nULL", "~", "~x", "<<", "=", "!!str", "!x",
	"0", "00", "-0", "+0", "1", "+1", "-1", "--1", "1_000", "_1", "1_", "0x1F", "0X1f", "0x", "0xG", "0x_1", "0b101", "0B11", "0b2", "-0b11", "0b-1", "0b+1", "-0b-1", "+0b1", "0b", "0o17", "0O17", "0o8", "017", "08", "019", "1.0", "1.", ".5", "5.", ".", "..", "...", "....", "... x", "1.2.3", "1e3", "1E3", "1e", "e1", "1e+3", "1e-3",
	"1.5e300", "1e999", "-1e999", "1e-999", ".1e999", ".5_0", "._5", ".5_", ".5e1_0", "1_0.5", ".e5", ".5e5", ".5E-5", ".5x", "+.5", "-.5", "+.inf", "-.inf", ".inf", ".Inf", ".INF", ".iNF", ".nan", ".NaN", ".NAN", "+.nan", "inf", "nan", "NaN", "Infinity", "+Inf", "0x1p4", "0x1.8p1", ".0x1",
	"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "99999999999999999999999", "0x8000000000000000", "0xFFFFFFFFFFFFFFFFF", "-0x8000000000000001",
	"0b1111111111111111111111111111111111111111111111111111111111111111", "0b11111111111111111111111111111111111111111111111111111111111111111",
	"1:30", "1:60", "12:30:45", "-1:30", "+1:30.5", "1_2:3", "1:30:", "190:20:30", "190:20:30.15", "1:2.3.4", "1:5_", "a1:30", "1::2", "0:0",
	"2001-01-01", "2001-1-1", "2001-13-01", "2001-02-30", "2001-01-01T00:00:00Z", "2001-01-01t00:00:00Z", "2001-1-1T1:2:3Z", "2001-01-01 00:00:00", "2001-01-01 00:00:00.5", "2001-01-01 00:00:00 Z", "2001-01-01T00:00:00+02:00", "2001-01-01T00:00:00", "2001-01-01T25:00:00Z", "2001-12-14 21:59:43.10 -5", "2026-11-29T12:54:32.123456789Z", "2026-11-29T12:54:32,5Z", "20010-01-01", "200-01-01", "2001-01-01x", "2001-01-01T00:00:00.Z", "2001-1-1 1:2:3", "2000-02-29", "1900-02-29",
	"-", "- a", "-a", "---", "--- a", "---a", "--", "?", "? a", "?a", ":", ": a", ":a", "a:", "a: b", "a:b", "a :b", "a#b", "a #b", "#a", "a # b", "a#", ",", ",a", "a,b", "[", "]", "[]", "{}", "{", "}", "a[b", "a]b", "a{b", "&a", "*a", "!a", "|", "|-", ">", ">-", "'", "'a'", "it's", "' ", "\"", "\"a\"", "say \"x\"", "%", "%a", "a%", "@", "@a", "`", "`a", "\\", "a\\b", "\\n",
	" a", "a ", " a ", "  ", "\t", "\ta", "a\t", "a\tb", "a  b", "\n", "\n\n", "a\n", "a\n\n", "\na", "\n\na\n", "a\nb", "a\nb\n", "a\nb\n\n\n", "a \nb", "a\n b", " a\nb", "  a\n  b\n", "a\nb ", "a\n\tb", "a\r\nb", "\r", "a\rb", "\r\n", "a\n\n\nb", "# a\n# b\n", "- a\n- b", "a: b\nc: d\n", "---\na\n", "...\n", "a\n---\n", "a\n#b", "\n a", " \n", "a\n ", "a\n \n",
	"\x00", "a\x00b", "\a\b\v\f\x1b", "\x01", "\x1f", "\u00a0", "a\u00a0b", "é", "ééé", "日本語", "日本\n語", "ü: x", "\u2028", "a\u2028b", "a\u2029b", "\u2028a", "a\u2028", "a \u2028b", "a\u2028 b", "a\u2028\u2028b", "a\nb\u2028c", "\u2028\nx", "x\n\u2028", "\ufeff", "\ufeffabc d", "a\ufeffb", "\ufeff\n", "\ufffd", "\ue000", "\ud7ff", "😀", "a😀b", "😀\n😀", "\U0010ffff", "\U0001fffe", "\u200b", "\u200e", "\u00ad", "\u2060", "İ", "ß", "²", "٣", "٣a", "१२",
	"\x7f", "\u0080", "\u0085", "a\u0085b", "a\u0085\u0085b", "a \u0085 b", "\u0085a", "a\u0085", "a \u0085 ", "a\u0085--- b", "a\u0085---b", "a\u0085... b", "a\u0085---\u0085b", "\u009f", "\ufffe", "\uffff", "a\u0085 \u0085b\u0085", "a\n\u0085b", "\t\u0085\t",
	"<a>&", "a&b", "a*b", "a!b", "a|b", "a>b", "a@b", "a=b", "=a", "~1.2.3", "^1.2.3", ">=1.2.3", "< 2", "1.x", "1.2.3", "v1.2.3", "1.16.0", "latest", "0.0.0-dev", "*", "\U0001f600: x", "https://example.com/a?b=c#d", "oci://example.com/x", "file://../kargo", "@stable", "sha256:0123456789012345678901234567890123456789012345678901234567890123", "a@b.c",
}

func texts(random *rand.Rand) string {
	switch random.Intn(9) {
	case 0, 1:
		return words[random.Intn(len(words))]
	case 2:
		return words[random.Intn(len(words))] + words[random.Intn(len(words))]
	case 3: // prose, to fold
		var b strings.Builder
		for range random.Intn(60) {
			b.WriteString(strings.Repeat(string(rune('a'+random.Intn(26))), random.Intn(12)))
			b.WriteString(strings.Repeat(" ", 1+random.Intn(2)*random.Intn(2)))
			if random.Intn(25) == 0 {
				b.WriteString(words[random.Intn(len(words))])
			}
		}
		return b.String()
	case 4, 5: // from an alphabet of what has a meaning
		alphabet := []string{" ", " ", "\n", "\t", "'", "\"", "\\", ":", "#", "-", "?", ",", "[", "]", "{", "}", "a", "b", "0", "1", ".", "_", "é", "日", "😀", "\u2028", "\u0085", "\u00a0", "\ufeff", "\x00", "+", "e", "~", "=", "\r"}
		var b strings.Builder
		for range random.Intn(12) {
			b.WriteString(alphabet[random.Intn(len(alphabet))])
		}
		return b.String()
	case 6: // numbers and times
		alphabet := "0123456789+-._eE:xob TtZ"
		var b strings.Builder
		for range 1 + random.Intn(10) {
			b.WriteByte(alphabet[random.Intn(len(alphabet))])
		}
		if random.Intn(3) == 0 {
			return fmt.Sprintf("%04d-%d-%d", random.Intn(3000), random.Intn(14), random.Intn(33)) + []string{"", "T", "t", " "}[random.Intn(4)] + b.String()
		}
		return b.String()
	case 7: // long, around the length of a simple key
		return strings.Repeat([]string{"a", "é", "a b", "<", "日"}[random.Intn(5)], 20+random.Intn(30))
	default: // lines
		var b strings.Builder
		for range random.Intn(5) {
			b.WriteString(words[random.Intn(len(words))])
			b.WriteString("\n")
		}
		return b.String()
	}
}

func keys(random *rand.Rand) string {
	if random.Intn(3) == 0 {
		return texts(random)
	}
	alphabet := []string{"a", "b", "B", "0", "00", "1", "2", "10", "9", "-", ".", "_", "é", "日", "٣", "²", " ", "z"}
	var b strings.Builder
	for range 1 + random.Intn(4) {
		b.WriteString(alphabet[random.Intn(len(alphabet))])
	}
	return b.String()
}

func number(random *rand.Rand) any {
	switch random.Intn(6) {
	case 0:
		return int64(random.Intn(2000) - 1000)
	case 1:
		return int64(random.Uint64())
	case 2:
		return random.Uint64()
	case 3:
		return float64(random.Intn(100000)) / 64
	default: // few digits: serde_json reads those exactly without its feature float_roundtrip
		f, err := strconv.ParseFloat(fmt.Sprintf("%de%d", random.Intn(2000000)-1000000, random.Intn(36)-22), 64)
		if err != nil {
			panic(err)
		}
		return f
	}
}

func value(random *rand.Rand, depth int) any {
	choice := random.Intn(10)
	if depth <= 0 && choice < 4 {
		choice = 4 + random.Intn(6)
	}
	switch choice {
	case 0, 1:
		m := map[string]any{}
		for range random.Intn(5) {
			m[keys(random)] = value(random, depth-1)
		}
		return m
	case 2, 3:
		l := []any{}
		for range random.Intn(4) {
			l = append(l, value(random, depth-1))
		}
		return l
	case 4:
		return number(random)
	case 5:
		return []any{true, false, nil}[random.Intn(3)]
	default:
		return texts(random)
	}
}

func vectors() {
	for _, w := range words {
		emit(w)
	}
	long := strings.Repeat("lorem ipsum ", 20)
	for _, w := range []string{"a\nb\n", "yes", " a", long, "a\u2028b", "\u2028a b", strings.Repeat("k", 128), strings.Repeat("k", 129), strings.Repeat("é", 65), "😀", "a\tb", "", "it's: x", "a\nb c " + strings.TrimSpace(long), "\u0085", strings.Repeat("k", 1022), strings.Repeat("k", 1023), strings.Repeat("<", 170), strings.Repeat("<", 171), "- " + long} {
		emit(map[string]any{w: "v"})
		emit(map[string]any{w: []any{"v", w}})
		emit(map[string]any{w: map[string]any{w: w}})
		emit([]any{map[string]any{w: map[string]any{}}, []any{w}})
	}
	for _, w := range []string{long, strings.TrimSpace(long), " " + long, strings.ReplaceAll(long, "m", "\""), strings.ReplaceAll(long, " ", "  "), strings.ReplaceAll(long, "m", "'") + "#", "# " + strings.TrimSpace(long), strings.ReplaceAll(long, "m", "\t"), strings.TrimSpace(strings.ReplaceAll(long, "i", "é")), strings.Repeat("a", 79) + " b c", strings.Repeat("a", 80) + " b c", strings.Repeat("a", 81) + " b c", strings.Repeat("a", 200), "# " + strings.Repeat("a", 90) + " b", "\t" + strings.Repeat("a", 90) + " b", "\t" + strings.Repeat("a", 90) + "  b", strings.Repeat("日", 81) + " b c", strings.Repeat("a b", 60) + "\nx"} {
		emit(w)
		emit(map[string]any{"key": w})
		emit([]any{[]any{w}})
	}
	for _, f := range []any{0, -1, 1, int64(math.MaxInt64), int64(math.MinInt64), uint64(math.MaxUint64), 0.0, math.Copysign(0, -1), 0.1, 1.5, 100000.0, 1234567.5, 123456.5, 1e15, 1e20, 1e21, 1e22, 1.5e-5, 1e-4, 1e-5, 1e-6, 1e-7, 1e100, 5e-324, math.MaxFloat64, 3.0, -3.0, 9007199254740993.0, 1.8446744073709552e19, 2e19, true, false, nil} {
		emit(f)
		emit(map[string]any{"n": f})
	}
	for _, m := range [][]string{
		{"a", "B", "b", "A"}, {"1", "2", "10", "01", "001", "9"}, {"a1", "a2", "a10", "a01", "a"}, {"-", "_", ".", "a", "1", " ", "é", "日"}, {"1.2", "1.10", "1.9", "1"}, {"v1.2.3", "v1.10.0", "v1.2.3-rc.1", "v1.2"}, {"a-b", "a_b", "ab", "a.b", "aB", "a b"}, {"١", "٢", "1", "2"}, {"Ǆ", "ǅ", "ʰ", "ª", "²", "½", "Ⅷ"},
		{"apiVersion", "appVersion", "annotations", "dependencies", "description", "name", "version", "home", "icon"}, {"y", "n", "yes", "true", "null", "~", "1", "1.5"}, {"99999999999999999999", "99999999999999999998", "9223372036854775808"}, {"100", "1000", "10a", "10"}, {"x0", "x00", "x000", "x1", "x01"}, {"10", "101", "100", "1001"},
	} {
		object := map[string]any{}
		for i, key := range m {
			object[key] = i
		}
		emit(object)
	}
	emit(map[string]any{})
	emit([]any{})
	emit(map[string]any{"a": map[string]any{}, "b": []any{}, "c": []any{[]any{}, map[string]any{}, []any{[]any{1}}}})
	emit([]any{[]any{[]any{"a", "b"}, "c"}, map[string]any{"d": []any{"e", map[string]any{"f": []any{"g\nh"}, "i": "j\n"}}}})
	emit(map[string]any{"a": []any{"x\ny\n\n", "z"}, "b": "x\n\n", "c": map[string]any{"d": " x\ny", "e": nil}})
}

func main() {
	defer out.Flush()
	if len(os.Args) == 4 && os.Args[1] == "random" {
		seed, _ := strconv.ParseInt(os.Args[2], 10, 64)
		count, _ := strconv.Atoi(os.Args[3])
		random := rand.New(rand.NewSource(seed))
		for range count {
			emit(value(random, 4))
		}
		return
	}
	vectors()
	random := rand.New(rand.NewSource(11))
	for range 60 {
		emit(value(random, 3))
	}
}
