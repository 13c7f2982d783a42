package catalog

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestDocumented holds the two documented types against the guide's payloads: exactly
// their fields in their order, in the sample and in every seeded body.
func TestDocumented(t *testing.T) {
	payloads := map[string]map[string][]string{
		"document.analyzed": {
			"":                       {"id", "event", "created_at", "data"},
			".data":                  {"document_id", "status", "summary", "extracted_fields", "confidence"},
			".data.extracted_fields": {"parties", "start_date", "end_date", "obligations"},
		},
		"transcription.completed": {
			"":                 {"id", "event", "created_at", "data"},
			".data":            {"transcription_id", "status", "transcript", "speakers", "duration_seconds", "confidence"},
			".data.speakers[]": {"speaker", "segments"},
		},
	}
	for name, want := range payloads {
		typ, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		bodies := [][]byte{typ.Sample(), generate(t, typ, nil)}
		for seed := range uint64(200) {
			bodies = append(bodies, generate(t, typ, &seed))
		}
		for _, body := range bodies {
			got := objects(t, body)
			delete(got, ".data.speakers[].segments[]") // the guide leaves it out
			for path, keys := range got {
				if !slices.Equal(keys, want[path]) {
					t.Fatalf("%s: %q has the fields %q, in the guide %q", name, path, keys, want[path])
				}
			}
			if len(got) != len(want) {
				t.Fatalf("%s: %d objects, in the guide %d", name, len(got), len(want))
			}
		}
	}
}

// TestDocumentedValues holds that the samples have the values that the guide shows. Of
// the texts that it only begins, the beginning.
func TestDocumentedValues(t *testing.T) {
	var document struct {
		ID, Event string
		CreatedAt string `json:"created_at"`
		Data      analyzedDocument
	}
	sample(t, "document.analyzed", &document)
	d := document.Data
	if document.ID != "evt_abc123xyz" || document.CreatedAt != "2026-02-02T10:30:00Z" ||
		d.DocumentID != "doc_xyz789" || d.Status != "completed" || d.Confidence != 0.92 ||
		!strings.HasPrefix(d.Summary, "This is a service agreement between Acme Corp and Client LLC") ||
		!slices.Equal(d.ExtractedFields.Parties, []string{"Acme Corp", "Client LLC"}) ||
		d.ExtractedFields.StartDate != "2024-01-01" || d.ExtractedFields.EndDate != "2025-01-01" ||
		len(d.ExtractedFields.Obligations) < 2 {
		t.Errorf("document.analyzed has other values than the guide: %+v", document)
	}
	var transcription struct {
		ID, Event string
		CreatedAt string `json:"created_at"`
		Data      completedTranscription
	}
	sample(t, "transcription.completed", &transcription)
	s := transcription.Data
	if transcription.ID != "evt_def456" || transcription.CreatedAt != "2026-02-02T11:00:00Z" ||
		s.TranscriptionID != "trans_abc123" || s.Status != "completed" || s.DurationSeconds != 1800 || s.Confidence != 0.95 ||
		len(s.Speakers) != 2 || s.Speakers[0].Speaker != "Speaker 1" || s.Speakers[1].Speaker != "Speaker 2" {
		t.Errorf("transcription.completed has other values than the guide: %+v", transcription)
	}
}

func sample(t *testing.T, name string, into any) {
	t.Helper()
	typ, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(typ.Sample(), into); err != nil {
		t.Fatal(err)
	}
}

// TestTranscripts holds that a transcript is what its speakers said, one at a time, and
// no longer than its recording.
func TestTranscripts(t *testing.T) {
	typ, err := Lookup("transcription.completed")
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	check := func(body []byte) {
		var got struct{ Data completedTranscription }
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(got.Data.Speakers))
		checkTranscript(t, got.Data)
	}
	check(typ.Sample())
	for seed := range uint64(200) {
		check(generate(t, typ, &seed))
	}
	if most < 4 {
		t.Errorf("never more than %d speakers", most)
	}
}

func checkTranscript(t *testing.T, data completedTranscription) {
	t.Helper()
	type turn struct {
		segment
		line string
	}
	var turns []turn
	for _, s := range data.Speakers {
		if len(s.Segments) == 0 {
			t.Errorf("%s says nothing", s.Speaker)
		}
		for _, segment := range s.Segments {
			turns = append(turns, turn{segment, s.Speaker + ": " + segment.Text})
		}
	}
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.StartSeconds, b.StartSeconds) })
	var lines []string
	end := 0.0
	for _, turn := range turns {
		if turn.StartSeconds < end || turn.EndSeconds <= turn.StartSeconds {
			t.Errorf("%q from %v to %v, while the one before ends at %v", turn.line, turn.StartSeconds, turn.EndSeconds, end)
		}
		end = turn.EndSeconds
		lines = append(lines, turn.line)
	}
	if want := strings.Join(lines, "\n"); data.Transcript != want {
		t.Errorf("transcript:\n%s\nbut the speakers said:\n%s", data.Transcript, want)
	}
	if end > float64(data.DurationSeconds) {
		t.Errorf("the last segment ends at %v s of %d", end, data.DurationSeconds)
	}
}
