package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/folders"
)

// editJSON lets the developer edit a body. JSON is shown indented, and comes back as
// compact as it was. Text that isn't JSON any more is shown again with what is wrong; a
// body that never was JSON may stay so.
func (a *app) editJSON(ctx context.Context, body []byte) ([]byte, error) {
	if !json.Valid(body) {
		return a.editText(ctx, body, func([]byte) error { return nil })
	}
	var compact, indented bytes.Buffer
	if err := errors.Join(json.Compact(&compact, body), json.Indent(&indented, body, "", "  ")); err != nil {
		return nil, err
	}
	shown := body
	isCompact := bytes.Equal(compact.Bytes(), body)
	if isCompact {
		shown = indented.Bytes()
	}
	text, err := a.editText(ctx, shown, checkSyntax)
	if err != nil || !isCompact {
		return text, err
	}
	compact.Reset()
	err = json.Compact(&compact, text)
	return compact.Bytes(), err
}

// checkSyntax says where text stops being JSON.
func checkSyntax(text []byte) error {
	var raw json.RawMessage
	err := json.Unmarshal(text, &raw)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	before := text[:min(int(syntax.Offset), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := max(1, len(before)-1-bytes.LastIndexByte(before, '\n'))
	return fmt.Errorf("it is not JSON: line %d, column %d: %w", line, column, err)
}

// remark begins the lines at the top of an edited text that say what was wrong with it.
// They are taken off again: no JSON begins like that.
const remark = "// "

// editText lets the developer edit text until check finds nothing wrong with it. Text that
// comes back empty, or as it was shown, cancels: see errCancelled.
func (a *app) editText(ctx context.Context, text []byte, check func([]byte) error) ([]byte, error) {
	editor, err := a.editor()
	if err != nil {
		return nil, err
	}
	shown := append(bytes.TrimSuffix(bytes.Clone(text), []byte("\n")), '\n')
	var wrong error
	for {
		page := shown
		if wrong != nil {
			page = slices.Concat(remarks(wrong), shown)
		}
		edited, err := a.editFile(ctx, editor, page)
		if err != nil {
			return nil, err
		}
		edited = withoutRemarks(edited)
		switch {
		case len(bytes.TrimSpace(edited)) == 0:
			return nil, cancelledBecause("the text came back empty")
		case bytes.Equal(edited, shown) || bytes.Equal(edited, text):
			return nil, cancelledBecause("nothing was changed in the editor")
		}
		if wrong = check(edited); wrong == nil {
			return bytes.TrimSuffix(edited, []byte("\n")), nil
		}
		shown = edited
	}
}

// remarks are the lines on top of a text that can't be used.
func remarks(wrong error) []byte {
	reason := strings.ReplaceAll(wrong.Error(), "\n", " ")
	return fmt.Appendf(nil, "%sThis can't be used: %s.\n%sCorrect it. Saved as it stands, or empty, it cancels.\n", remark, reason, remark)
}

// withoutRemarks takes off the lines that editText has put on top.
func withoutRemarks(text []byte) []byte {
	for bytes.HasPrefix(text, []byte(remark)) {
		_, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
	}
	return text
}

// editor is the developer's editor as words of a command.
func (a *app) editor() ([]string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		value := a.env(name)
		if value == "" {
			continue
		}
		words, err := splitWords(value)
		if err != nil {
			return nil, usageErrorf("%s=%s: %w", name, value, err)
		}
		if len(words) > 0 {
			return words, nil
		}
	}
	if !a.streams.InTTY {
		return nil, usageErrorf("there is no terminal to edit on: set EDITOR to a program that edits a file, or change fields with --set")
	}
	if runtime.GOOS == "windows" {
		return []string{"notepad"}, nil
	}
	return []string{"vi"}, nil
}

// splitWords splits a command at white space. What stands in quotes of either kind is
// kept together; a backslash is a character like any other, as paths on Windows need it.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range s + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c in it is never closed", quote)
	}
	return words, nil
}

// editFile puts text into a file of the user's alone, has the editor edit it, and returns
// what it then holds.
func (a *app) editFile(ctx context.Context, editor []string, text []byte) (edited []byte, err error) {
	dir, err := os.MkdirTemp("", "solatis-edit-")
	if err != nil {
		return nil, fmt.Errorf("there is no place for the file to edit: %w", err)
	}
	defer closing(&err, func() error { return os.RemoveAll(dir) }) // editors leave copies beside it
	path := dir + string(os.PathSeparator) + "body.json"
	if err := folders.WriteFile(path, text); err != nil {
		return nil, fmt.Errorf("the file to edit can't be written: %w", err)
	}
	cmd := exec.CommandContext(ctx, editor[0], append(editor[1:len(editor):len(editor)], path)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.streams.In, a.editorOutput(), a.streams.Err
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("the editor %s failed, so nothing was done: %w", strings.Join(editor, " "), err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the edited file can't be read: %w", err)
	}
	defer f.Close()
	return io.ReadAll(f)
}

// editorOutput is where an editor draws: the terminal, even where standard output goes to
// a file.
func (a *app) editorOutput() io.Writer {
	if a.streams.OutTTY {
		return a.streams.Out
	}
	return a.streams.Err
}
