package check_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/check"
)

// report is what a CI system reads of a JUnit report.
type report struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Suite    struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Time     string `xml:"time,attr"`
		Cases    []struct {
			Name    string  `xml:"name,attr"`
			Failure *noted  `xml:"failure"`
			Error   *noted  `xml:"error"`
			Skipped *noted  `xml:"skipped"`
			Output  *string `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type noted struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// readReport wants well-formed XML to its end, and reads it.
func readReport(t *testing.T, text []byte) (r report) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
	}
	if err := xml.Unmarshal(text, &r); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return r
}

func TestJUnit(t *testing.T) {
	advice := check.Advice{Cause: "it <throws>", Fix: check.Fix{Express: "e", Flask: "f", Go: "a && b"}}
	results := []check.Result{
		{ID: "one", Status: check.Pass, Seen: "200 OK", Took: 1500 * time.Millisecond},
		{ID: "two", Title: "refuses", Status: check.Fail, Seen: "500: ]]>\x00\x1b[2J\xff\ufffe\"'<&>", Advice: advice, Took: time.Second},
		{ID: "three", Status: check.Skip, Seen: "no ground"},
		{ID: "four", Status: check.Warn, Seen: "201", Advice: advice},
	}
	var b bytes.Buffer
	if err := check.WriteJUnit(&b, "http://localhost:3000/?a=1&b=<2>", results, nil); err != nil {
		t.Fatal(err)
	}
	s := readReport(t, b.Bytes()).Suite
	if s.Name != "solatis check http://localhost:3000/?a=1&b=<2>" || s.Tests != 4 || s.Failures != 1 || s.Errors != 0 || s.Skipped != 1 || s.Time != "2.500" {
		t.Errorf("the suite is %+v", s)
	}
	if c := s.Cases[0]; c.Name != "one" || c.Failure != nil || c.Skipped != nil || *c.Output != "200 OK" {
		t.Errorf("a pass is %+v", c)
	}
	if f := s.Cases[1].Failure; f == nil || f.Message != "500: ]]>\ufffd\ufffd[2J\ufffd\ufffd\"'<&>" ||
		f.Text != "refuses\n\nCause: it <throws>\nExpress: e\nFlask: f\nGo: a && b\n" {
		t.Errorf("a failure is %+v", f)
	}
	if c := s.Cases[2]; c.Skipped == nil || c.Skipped.Message != "no ground" || c.Failure != nil {
		t.Errorf("a skip is %+v", c)
	}
	if c := s.Cases[3]; c.Failure != nil || *c.Output != "warning: 201\nit <throws>" {
		t.Errorf("a warning is %+v", c)
	}
}

// TestJUnitOfABrokenRun wants a report that no CI system takes for a success.
func TestJUnitOfABrokenRun(t *testing.T) {
	var b bytes.Buffer
	if err := check.WriteJUnit(&b, "x", nil, errors.New("is your app running?")); err != nil {
		t.Fatal(err)
	}
	s := readReport(t, b.Bytes()).Suite
	if s.Tests != 1 || s.Errors != 1 || len(s.Cases) != 1 || s.Cases[0].Error.Message != "is your app running?" {
		t.Errorf("the suite is %+v", s)
	}
}

// FuzzJUnit writes whatever an app may have answered.
func FuzzJUnit(f *testing.F) {
	f.Add("200 OK", "http://localhost:3000")
	f.Add("]]><testcase/>\x00\x08\x1b\u202e\ufffe", "\xff\xfe&amp;")
	f.Fuzz(func(t *testing.T, seen, target string) {
		var b bytes.Buffer
		results := []check.Result{{ID: "a", Status: check.Fail, Seen: seen}, {ID: "b", Status: check.Skip, Seen: seen}, {ID: "c", Status: check.Pass, Seen: seen}}
		if err := check.WriteJUnit(&b, target, results, errors.New(seen)); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b.Bytes()) {
			t.Error("it is no UTF-8")
		}
		r := readReport(t, b.Bytes())
		if len(r.Suite.Cases) != 4 || r.Tests != 4 || r.Failures != 1 {
			t.Errorf("the suite is %+v", r.Suite)
		}
		for _, part := range []string{"testcase", "testsuites"} {
			if n := strings.Count(b.String(), "</"+part+">"); part == "testcase" && n != 4 || part == "testsuites" && n != 1 {
				t.Errorf("%d times </%s>", n, part)
			}
		}
	})
}
