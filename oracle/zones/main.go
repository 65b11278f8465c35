// Prints vectors of time zones as Go has them, with the database that Go carries:
//
//	go run ./zones > ../crates/selection-strategies/tests/vectors/time-zones.jsonl
package main

import (
	"encoding/json"
	"os"
	"time"
	_ "time/tzdata"
)

type row struct {
	Zone   string `json:"zone"`
	Layout string `json:"layout"`
	Text   string `json:"text"`
	Unix   int64  `json:"unix"`
	Shown  string `json:"shown"`
	Dst    bool   `json:"dst"`
}

const shown = "2006-01-02T15:04:05-07:00:00 MST"

func main() {
	os.Setenv("ZONEINFO", "")
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	put := func(zone, layout, text string) {
		location, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		t, err := time.ParseInLocation(layout, text, location)
		if err != nil {
			panic(err)
		}
		out.Encode(row{zone, layout, text, t.Unix(), t.Format(shown), t.IsDST()})
	}
	zones := []string{
		"Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Paris", "America/New_York", "America/St_Johns",
		"America/Sao_Paulo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Shanghai", "Africa/Casablanca",
		"Africa/Monrovia", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "America/Phoenix", "US/Eastern",
		"America/Chicago", "Etc/GMT+5", "GMT", "Asia/Tokyo", "Antarctica/Troll", "Europe/Moscow",
	}
	const local = "2006-01-02 15:04:05"
	for _, zone := range zones {
		location, _ := time.LoadLocation(zone)
		for _, text := range []string{
			"1800-01-01 12:00:00", "1883-11-18 12:03:57", "1900-06-01 00:00:00", "1916-05-01 00:30:00", "1945-05-24 03:00:00",
			"1970-01-01 00:00:00", "1985-07-01 12:00:00", "2011-12-30 12:00:00", "2024-03-31 02:30:00", "2024-10-27 02:30:00",
			"2024-03-10 02:30:00", "2024-11-03 01:30:00", "2030-01-01 00:00:00", "2040-07-01 00:00:00", "2099-12-31 23:59:59",
		} {
			// Of these years releases of the database differ.
			if zone != "Africa/Casablanca" || text < "2030" {
				put(zone, local, text)
			}
		}
		// Around every change of the years 2015 to 2016, to the second, as moments and as what clocks show.
		last := time.Date(2015, 1, 1, 0, 0, 0, 0, location)
		_, before := last.Zone()
		for hour := 0; hour < 2*366*24; hour++ {
			next := time.Unix(last.Unix()+3600, 0).In(location)
			if _, offset := next.Zone(); offset != before {
				low, high := last.Unix(), next.Unix()
				for high-low > 1 {
					middle := (low + high) / 2
					if _, o := time.Unix(middle, 0).In(location).Zone(); o == before {
						low = middle
					} else {
						high = middle
					}
				}
				for _, delta := range []int64{-3601, -1800, -1, 0, 1, 1800, 3599, 3600} {
					t := time.Unix(high+delta, 0)
					put(zone, local, t.UTC().Add(time.Duration(before)*time.Second).Format(local))
					put(zone, time.RFC3339, t.UTC().Format("2006-01-02T15:04:05")+"+00:00")
					put(zone, time.RFC3339, t.In(location).Format(time.RFC3339))
				}
				before = offset
			}
			last = next
		}
	}
	for _, one := range [][2]string{
		{"America/New_York", "EST"}, {"America/New_York", "EDT"}, {"America/New_York", "CET"}, {"Europe/Berlin", "CEST"},
		{"Europe/Berlin", "CET"}, {"Europe/Berlin", "EST"}, {"Europe/London", "BST"}, {"Europe/London", "GMT"},
		{"Asia/Kolkata", "IST"}, {"UTC", "CET"}, {"Europe/Berlin", "GMT+3"}, {"Europe/Moscow", "MSK"},
	} {
		for _, date := range []string{"2024-01-15 12:00:00", "2024-07-15 12:00:00", "1944-08-01 12:00:00"} {
			put(one[0], "2006-01-02 15:04:05 MST", date+" "+one[1])
		}
	}
}
