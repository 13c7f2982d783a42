package catalog

import (
	"fmt"
	"math"
	"strings"
)

type startedTranscription struct {
	TranscriptionID string  `json:"transcription_id"`
	Status          string  `json:"status"`
	MeetingID       *string `json:"meeting_id"`
	FileName        string  `json:"file_name"`
	DurationSeconds int     `json:"duration_seconds"`
	Language        string  `json:"language"`
	StartedAt       string  `json:"started_at"`
}

func transcriptionStarted(f *faker) any {
	return startedTranscription{
		TranscriptionID: f.id("trans_"),
		Status:          "processing",
		MeetingID:       maybe(f, 4, f.id("mtg_")),
		FileName:        f.fill(pick(f, meetingTitles)) + pick(f, []string{".m4a", ".mp3", ".mp4", ".wav", ".webm"}),
		DurationSeconds: f.between(40, 7200),
		Language:        pick(f, conversations).language,
		StartedAt:       stamp(f.moment()),
	}
}

type completedTranscription struct {
	TranscriptionID string    `json:"transcription_id"`
	Status          string    `json:"status"`
	Transcript      string    `json:"transcript"`
	Speakers        []speaker `json:"speakers"`
	DurationSeconds int       `json:"duration_seconds"`
	Confidence      float64   `json:"confidence"`
}

type speaker struct {
	Speaker  string    `json:"speaker"`
	Segments []segment `json:"segments"`
}

type segment struct {
	StartSeconds float64 `json:"start_seconds"`
	EndSeconds   float64 `json:"end_seconds"`
	Text         string  `json:"text"`
}

func transcriptionCompleted(f *faker) any {
	speakers, lines, end := f.conversation()
	return completedTranscription{
		TranscriptionID: f.id("trans_"),
		Status:          "completed",
		Transcript:      strings.Join(lines, "\n"),
		Speakers:        speakers,
		DurationSeconds: int(math.Ceil(end)) + f.IntN(20),
		Confidence:      f.confidence(),
	}
}

// conversation returns who said what, the same as lines of a transcript, and when the
// last one stopped. Each speaker speaks at least once, nobody twice in a row, and no
// two at a time.
func (f *faker) conversation() (speakers []speaker, lines []string, end float64) {
	speakers = f.speakers()
	talk := pick(f, conversations)
	turns := len(speakers) + f.IntN(12*len(speakers))
	last := 0
	for turn := range turns {
		who := turn
		if turn >= len(speakers) && len(speakers) > 1 {
			who = (last + 1 + f.IntN(len(speakers)-1)) % len(speakers)
		}
		who %= len(speakers)
		last = who
		text := strings.Join(f.fillAll(some(f, talk.lines, 1, 3)), talk.space)
		start := tenths(end + f.Float64()*4)
		end = tenths(start + 1 + float64(len(text))/15) // letters a second, as people speak
		speakers[who].Segments = append(speakers[who].Segments, segment{start, end, text})
		lines = append(lines, speakers[who].Speaker+": "+text)
	}
	return speakers, lines, end
}

// speakers returns one to five, numbered as in the guide or, where they are known, by
// their names.
func (f *faker) speakers() []speaker {
	named := f.oneIn(3)
	all := make([]speaker, 0, 5)
	for i, who := range some(f, people, 1, 5) {
		name := fmt.Sprintf("Speaker %d", i+1)
		if named {
			name = who.name
		}
		all = append(all, speaker{Speaker: name})
	}
	return all
}

func tenths(seconds float64) float64 { return math.Round(seconds*10) / 10 }
