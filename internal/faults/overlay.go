package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// breakage is a change to the source that breaks a guarantee. The zero one changes
// nothing.
type breakage struct {
	name  string
	edits []edit
}

// edit replaces a fragment of a source file. The fragment has to stand there exactly
// once: where the source has changed, a control that changes nothing must not pass for
// one.
type edit struct {
	file     string // from the root of the working copy
	old, new string
}

func (e edit) apply(source string) (string, error) {
	if n := strings.Count(source, e.old); n != 1 {
		return "", fmt.Errorf("%s: the fragment that a control replaces stands there %d times, and has to once; adapt internal/faults/breakages.go:\n%s",
			e.file, n, e.old)
	}
	return strings.Replace(source, e.old, e.new, 1), nil
}

// overlay writes the changed files into dir and returns the path of what go build takes
// as -overlay.
func (b breakage) overlay(root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	replaced := map[string]string{}
	for i, e := range b.edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		from := path
		if earlier, ok := replaced[path]; ok {
			from = earlier // of several edits to one file
		}
		source, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		text, err := e.apply(string(source))
		if err != nil {
			return "", err
		}
		replaced[path] = filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(replaced[path], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// programs are the paths of the built programs, and of what they were built from.
type programs struct{ solatis, solatisRelay, root, overlay string }

// builder builds the programs, each breakage once.
type builder struct {
	root, dir string
	built     map[string]programs // by the breakage's name
}

func newBuilder(root, dir string) *builder {
	return &builder{root: root, dir: dir, built: map[string]programs{}}
}

// build builds the programs with a breakage.
func (b *builder) build(ctx context.Context, broken breakage) (programs, error) {
	if p, ok := b.built[broken.name]; ok {
		return p, nil
	}
	dir, err := filepath.Abs(filepath.Join(b.dir, "as-is"+broken.name))
	if err != nil {
		return programs{}, err
	}
	overlay, err := broken.overlay(b.root, dir)
	if err != nil {
		return programs{}, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", dir+string(filepath.Separator), "./cmd/solatis", "./cmd/solatis-relay")
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return programs{}, errors.Join(fmt.Errorf("go build with the breakage %q: %w", broken.name, err), errors.New(string(out)))
	}
	p := programs{filepath.Join(dir, "solatis"), filepath.Join(dir, "solatis-relay"), b.root, overlay}
	b.built[broken.name] = p
	return p, nil
}
