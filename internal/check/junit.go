package check

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// The elements of a JUnit report, as CI systems read them.
type (
	junitSuites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Suite    junitSuite
	}
	junitSuite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Time     string   `xml:"time,attr"` // seconds
		Cases    []junitCase
	}
	junitCase struct {
		XMLName xml.Name      `xml:"testcase"`
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes results as a JUnit report. A warning is a test that passed, with what
// was seen as its output, since JUnit knows none. failed is why the run ended early, nil
// if it didn't; it becomes an error of the report. What has no place in XML is written as
// U+FFFD.
func WriteJUnit(w io.Writer, target string, results []Result, failed error) error {
	suite := junitSuite{Name: "solatis check " + target}
	var took time.Duration
	for _, r := range results {
		suite.Cases = append(suite.Cases, r.junit())
		took += r.Took
	}
	s := Summarise(results)
	suite.Tests, suite.Failures, suite.Skipped, suite.Time = s.Total, s.Failed, s.Skipped, seconds(took)
	if failed != nil {
		suite.Tests, suite.Errors = suite.Tests+1, 1
		suite.Cases = append(suite.Cases, junitCase{
			Class: junitClass, Name: "the run itself", Time: seconds(0), Error: &junitMessage{Message: failed.Error()},
		})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

const junitClass = "solatis.check"

func (r Result) junit() junitCase {
	c := junitCase{Class: junitClass, Name: r.ID, Time: seconds(r.Took)}
	switch r.Status {
	case Fail:
		c.Failure = &junitMessage{r.Seen, fmt.Sprintf("%s\n\nCause: %s\nExpress: %s\nFlask: %s\nGo: %s\n",
			r.Title, r.Advice.Cause, r.Advice.Fix.Express, r.Advice.Fix.Flask, r.Advice.Fix.Go)}
	case Skip:
		c.Skipped = &junitMessage{Message: r.Seen}
	case Warn:
		c.Output = "warning: " + r.Seen + "\n" + r.Advice.Cause
	default:
		c.Output = r.Seen
	}
	return c
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
