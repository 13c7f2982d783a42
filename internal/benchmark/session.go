package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
)

// home is the folders in which solatis runs, away from the developer's own.
type home struct {
	solatis string
	dir     string
}

func newHome(solatis, dir string) (home, error) {
	h := home{solatis: solatis, dir: dir}
	return h, os.MkdirAll(h.project(), 0o700)
}

func (h home) project() string { return filepath.Join(h.dir, "project") }

func (h home) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.solatis, args...)
	cmd.Dir = h.project()
	cmd.Env = append(os.Environ(), "SOLATIS_HOME="+filepath.Join(h.dir, "state"), "SOLATIS_WEBHOOK_SECRET="+secretText)
	return cmd
}

// listen starts a session that forwards to app and shows what it does to nobody. It
// returns once an event gets through.
//
// Where a session takes events stands only in its output, so a first session, which is
// ended at once, tells: URL and port are those of the folder, and stay.
func (h home) listen(ctx context.Context, app string) (c *child, url string, err error) {
	if url, err = h.learnURL(ctx, app); err != nil {
		return nil, "", err
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, "", err
	}
	defer null.Close()
	cmd := h.command(ctx, listenArgs(app)...)
	cmd.Stdout = null
	if c, err = start(cmd); err != nil {
		return nil, "", err
	}
	if err := waitFor(ctx, url); err != nil {
		return nil, "", errors.Join(err, c.stop())
	}
	return c, url, nil
}

func listenArgs(app string) []string {
	return []string{"listen", "--forward", app, "--respond", "app", "--output", "json"}
}

func (h home) learnURL(ctx context.Context, app string) (url string, err error) {
	c, err := start(h.command(ctx, listenArgs(app)...))
	if err != nil {
		return "", err
	}
	for {
		line, err := c.stdout.ReadBytes('\n')
		if err != nil {
			return "", errors.Join(fmt.Errorf("solatis listen ended before it was ready: %w", err), c.stop())
		}
		var update struct{ Type, URL string }
		if json.Unmarshal(line, &update) == nil && update.Type == "ready" {
			return update.URL, c.stop()
		}
	}
}

const (
	readyWithin = 10 * time.Second
	retryEvery  = 20 * time.Millisecond
)

// waitFor posts until url answers 200. A session whose output goes to /dev/null has no
// other way to say that it is ready.
func waitFor(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		err := postOne(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("solatis listen takes no events at %s: %w", url, err)
		}
	}
}

func postOne(ctx context.Context, url string) error {
	secret, err := signature.NewSecret(secretText)
	if err != nil {
		return err
	}
	s := sender{secret: secret, prefix: fmt.Sprintf("evt_%x", time.Now().UnixNano())}
	body := s.body()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set(signature.HeaderName, signature.Sign(secret, body))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// times runs one command n times and returns the median of its whole process's time.
func (h home) times(ctx context.Context, n int, args ...string) (time.Duration, error) {
	var took []time.Duration
	for range n {
		cmd := h.command(ctx, args...)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
		took = append(took, time.Since(began))
	}
	return median(took), nil
}
