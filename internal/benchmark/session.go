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
	"slices"
	"strings"
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
func (h home) state() string   { return filepath.Join(h.dir, "state") }

// environment is this process's own, without the settings of solatis and its relay that
// whoever runs the bench may have, and with those given.
func environment(settings ...string) []string {
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SOLATIS_") })
	return append(own, settings...)
}

func (h home) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.solatis, args...)
	cmd.Dir = h.project()
	cmd.Env = environment("SOLATIS_HOME="+h.state(), "SOLATIS_WEBHOOK_SECRET="+secretText)
	return cmd
}

// listen starts a session that forwards to app and shows what it does to nobody, and
// returns it with the URL where it takes events. Further args say from where.
func (h home) listen(ctx context.Context, app string, args ...string) (c *child, url string, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, "", err
	}
	defer null.Close()
	file := filepath.Join(h.dir, "ready")
	cmd := h.command(ctx, append([]string{
		"listen", "--forward", app, "--respond", "app", "--output", "json", "--ready-file", file,
	}, args...)...)
	cmd.Stdout = null
	if c, err = start(cmd); err != nil {
		return nil, "", err
	}
	url, err = readyURL(ctx, file)
	if err != nil {
		return nil, "", errors.Join(err, c.stop())
	}
	return c, url, nil
}

// readyURL waits for a session's ready file, and returns the URL in it.
func readyURL(ctx context.Context, file string) (string, error) {
	var ready struct{ URL string }
	err := until(ctx, "solatis listen", func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &ready)
	})
	return ready.URL, err
}

const (
	readyWithin = 10 * time.Second
	retryEvery  = 20 * time.Millisecond
)

// until tries until a program is ready. Its output goes elsewhere, so it can't say so.
func until(ctx context.Context, program string, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %v: %w", program, readyWithin, err)
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
