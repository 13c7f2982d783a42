package catalog

import (
	"strings"
	"time"
)

type generatedContent struct {
	ContentID   string   `json:"content_id"`
	Status      string   `json:"status"`
	ContentType string   `json:"content_type"`
	Title       string   `json:"title"`
	Content     string   `json:"content"`
	Format      string   `json:"format"`
	Language    string   `json:"language"`
	WordCount   int      `json:"word_count"`
	SourceIDs   []string `json:"source_ids"`
	GeneratedAt string   `json:"generated_at"`
}

func contentGenerated(f *faker) any {
	kind := pick(f, contents)
	format := pick(f, []string{"markdown", "markdown", "plain"})
	text := f.content(kind, format)
	return generatedContent{
		ContentID:   f.id("cnt_"),
		Status:      "completed",
		ContentType: kind.kind,
		Title:       f.fill(kind.title),
		Content:     text,
		Format:      format,
		Language:    kind.language,
		WordCount:   len(strings.Fields(text)),
		SourceIDs:   some(f, []string{f.id("doc_"), f.id("mtg_"), f.id("doc_")}, 0, 3),
		GeneratedAt: stamp(f.moment()),
	}
}

// content returns a text of one to all of the paragraphs that its kind has, and, where
// the format allows it, a list in the middle.
func (f *faker) content(c content, format string) string {
	text := []string{c.opening}
	text = append(text, c.paragraphs[:f.between(1, len(c.paragraphs))]...)
	if format == "markdown" {
		text = append(text, "- "+strings.Join(some(f, c.points, 2, len(c.points)), "\n- "))
	}
	return f.fill(strings.Join(append(text, c.closing), "\n\n"))
}

type completedBrainstorm struct {
	SessionID       string   `json:"session_id"`
	Status          string   `json:"status"`
	Topic           string   `json:"topic"`
	Participants    []person `json:"participants"`
	Ideas           []idea   `json:"ideas"`
	Themes          []string `json:"themes"`
	Summary         string   `json:"summary"`
	DurationSeconds int      `json:"duration_seconds"`
	CompletedAt     string   `json:"completed_at"`
}

type idea struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Votes       int    `json:"votes"`
}

func brainstormCompleted(f *faker) any {
	length := time.Duration(f.between(10, 90)) * time.Minute
	participants := f.people(1, 7)
	ideas := some(f, ideas, 2, 9)
	for i := range ideas {
		ideas[i].Votes = f.IntN(len(participants) + 1)
	}
	return completedBrainstorm{
		SessionID:       f.id("brn_"),
		Status:          "completed",
		Topic:           f.fill(pick(f, questions)),
		Participants:    participants,
		Ideas:           ideas,
		Themes:          some(f, themes, 0, 4),
		Summary:         f.sentences(brainstormSummaries, 1, 3),
		DurationSeconds: int(length.Seconds()),
		CompletedAt:     stamp(f.moment().Add(length)),
	}
}
