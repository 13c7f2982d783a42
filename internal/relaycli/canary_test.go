package relaycli_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// canary is a relay's whole life with secrets that are easy to find again, and all that
// came out of it.
type canary struct {
	t    *testing.T
	data string
	seen map[string]string // what was written, by where
}

// command runs solatis-relay and keeps its output, but for stdout where it is the secret's
// one place.
func (c *canary) command(args ...string) (stdout string) {
	c.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Cmd{
		Path: exe, Args: append([]string{"solatis-relay"}, args...), Dir: c.t.TempDir(), Stdout: &out, Stderr: &errs,
		Env: append(os.Environ(), "SOLATIS_RELAY_DATA="+c.data),
	}
	err = cmd.Run()
	name := strings.Join(args[:min(2, len(args))], " ")
	where := fmt.Sprintf("%s (%d)", name, len(c.seen))
	c.seen[where] = errs.String()
	if name != "token create" {
		c.seen[where] += out.String()
	}
	if err != nil && out.Len() == 0 && errs.Len() == 0 {
		c.t.Errorf("%s fails without a word: %v", name, err)
	}
	return out.String()
}

// request sends a request with secrets everywhere, and keeps the answer.
func (c *canary) request(method, url, token, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, url+"?key=canary-query", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Canary", "canary-header")
	req.Header.Set("Cookie", "canary-cookie")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		c.seen[fmt.Sprintf("error of %s (%d)", method, len(c.seen))] = strings.ReplaceAll(err.Error(), url+"?key=canary-query", "URL")
		return
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	c.seen[fmt.Sprintf("answer to %s (%d)", method, len(c.seen))] = fmt.Sprint(resp.StatusCode, resp.Header, string(text))
}

// files adds what lies in a folder.
func (c *canary) files(dir string) {
	c.t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		c.seen["file "+path] = string(text)
		return err
	})
	if err != nil {
		c.t.Error(err)
	}
}

// nowhere wants a text to be in nothing that was seen, but for what has one of the given
// beginnings.
func (c *canary) nowhere(what, text string, but ...string) {
	c.t.Helper()
	if text == "" {
		c.t.Fatalf("there is no %s to look for", what)
	}
next:
	for where, all := range c.seen {
		for _, beginning := range but {
			if strings.HasPrefix(where, beginning) {
				continue next
			}
		}
		if i := strings.Index(all, text); i >= 0 {
			c.t.Errorf("%s is in %s: %q", what, where, all[max(0, i-80):min(len(all), i+len(text))])
		}
	}
}

func TestNoSecretComesOut(t *testing.T) {
	data, err := os.MkdirTemp("", "relay-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	c := &canary{t: t, data: data, seen: make(map[string]string)}
	token := strings.TrimSpace(c.command("token", "create", "--owner", "ann"))
	p := begin(t, os.Environ(), "--data", data, "--log-level", "debug", "--max-body", "4KiB", "--rate-endpoint", "1/h,3")
	manager := strings.TrimSpace(c.command("token", "create", "--owner", "ann", "--scope", "admin"))
	a := connect(p.URL, token, t.Cleanup)
	endpoint := a.welcomed(t)
	id := endpoint[strings.LastIndexByte(endpoint, '/')+1:]

	// What succeeds.
	c.request("POST", endpoint, "", "canary-body")
	<-a.requests
	c.request("GET", "http://"+p.Admin+"/admin/v1/tokens", manager, "")
	c.request("GET", "http://"+p.Admin+"/metrics", "", "")
	c.command("token", "list", "--output", "json")
	c.command("check")
	c.command("backup", filepath.Join(data, "backup.tar"))

	// What fails.
	c.request("POST", endpoint, token, strings.Repeat("canary-body", 1000)) // too large
	c.request("PUT", endpoint, token, "canary-body")
	c.request("POST", endpoint, token, "canary-body") // over the rate
	c.request("POST", p.URL+"/e/canary-unknown-endpoint", token, "canary-body")
	c.request("POST", p.URL+"/canary-path", token, "canary-body")
	c.request("GET", p.URL+"/agent/v1", token, "") // no websocket
	c.request("GET", p.URL+"/agent/v1", "slt_canary-wrong-token", "")
	c.request("GET", "http://"+p.Admin+"/admin/v1/tokens", token, "")
	c.request("POST", "http://"+p.Admin+"/admin/v1/tokens", manager, `{"canary-field": 1}`)
	c.request("POST", "http://"+p.Admin+"/admin/v1/backup", manager, "")
	c.request("GET", "http://"+p.Admin+"/admin/v1/endpoints/"+token, manager, "")
	c.command("token", "revoke", token)
	c.command("endpoint", "show", "nothing")
	connect(p.URL, "slt_canary-wrong-token", t.Cleanup).stop()
	connect(p.URL, manager, t.Cleanup).stop()
	c.command("endpoint", "delete", "shop")
	if why := <-a.lost; why == nil {
		t.Error("the agent of a deleted endpoint stays")
	}
	a.stop()
	if runtime.GOOS == "linux" {
		cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid))
		if err != nil {
			t.Error(err)
		}
		c.seen["command line"] = string(cmdline)
	}
	c.request("GET", "http://"+p.Admin+"/metrics", "", "")
	c.files(data) // while it runs, with the write-ahead logs
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.wait()
	c.seen["log"] = p.text()

	c.nowhere("the token", token)
	c.nowhere("the token for administration", manager)
	c.nowhere("the token without its prefix", token[4:])
	for _, secret := range []string{"canary-body", "canary-header", "canary-query", "canary-cookie"} {
		c.nowhere(secret, secret, "file") // the requests are kept there
	}
	for _, foreign := range []string{"canary-wrong-token", "canary-unknown-endpoint", "canary-path"} {
		c.nowhere(foreign, foreign)
	}
	c.nowhere("the endpoint's id", id, "file")
	for _, line := range []string{"accepted", id[:8]} {
		if !strings.Contains(c.seen["log"], line) {
			t.Errorf("the log doesn't have %q", line)
		}
	}
	if t.Failed() {
		t.Logf("the log:\n%s", c.seen["log"])
	}
}
