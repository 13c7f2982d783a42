package catalog

import "time"

type analyzedMeeting struct {
	MeetingID       string   `json:"meeting_id"`
	TranscriptionID *string  `json:"transcription_id"`
	Status          string   `json:"status"`
	Title           string   `json:"title"`
	Summary         string   `json:"summary"`
	Participants    []person `json:"participants"`
	Topics          []topic  `json:"topics"`
	Decisions       []string `json:"decisions"`
	Sentiment       string   `json:"sentiment"`
	DurationSeconds int      `json:"duration_seconds"`
	Confidence      float64  `json:"confidence"`
}

type topic struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
}

func meetingAnalyzed(f *faker) any {
	topics := some(f, topics, 1, 5)
	for i := range topics {
		topics[i].Summary = f.fill(topics[i].Summary)
	}
	return analyzedMeeting{
		MeetingID:       f.id("mtg_"),
		TranscriptionID: maybe(f, 5, f.id("trans_")),
		Status:          "completed",
		Title:           f.fill(pick(f, meetingTitles)),
		Summary:         f.sentences(meetingSummaries, 1, 4),
		Participants:    f.people(2, 8),
		Topics:          topics,
		Decisions:       f.fillAll(some(f, decisions, 0, 5)),
		Sentiment:       pick(f, []string{"positive", "positive", "neutral", "negative"}),
		DurationSeconds: f.between(300, 7200),
		Confidence:      f.confidence(),
	}
}

type extractedActionItems struct {
	MeetingID       string       `json:"meeting_id"`
	TranscriptionID *string      `json:"transcription_id"`
	ActionItems     []actionItem `json:"action_items"`
	ExtractedAt     string       `json:"extracted_at"`
}

type actionItem struct {
	ActionItemID string  `json:"action_item_id"`
	Description  string  `json:"description"`
	Assignee     *person `json:"assignee"`
	DueDate      *string `json:"due_date"`
	Priority     string  `json:"priority"`
	Quote        string  `json:"quote"`
	Confidence   float64 `json:"confidence"`
}

func actionItemsExtracted(f *faker) any {
	at := f.moment()
	items := make([]actionItem, 0, 9)
	for _, promise := range some(f, promises, 1, 9) {
		items = append(items, actionItem{
			ActionItemID: f.id("act_"),
			Description:  promise.todo,
			Assignee:     maybe(f, 4, f.person()),
			DueDate:      f.dueDate(at),
			Priority:     pick(f, priorities),
			Quote:        promise.quote,
			Confidence:   f.confidence(),
		})
	}
	return extractedActionItems{
		MeetingID:       f.id("mtg_"),
		TranscriptionID: maybe(f, 5, f.id("trans_")),
		ActionItems:     items,
		ExtractedAt:     stamp(at),
	}
}

// dueDate returns a date in the weeks after at, or none.
func (f *faker) dueDate(at time.Time) *string {
	return maybe(f, 4, at.AddDate(0, 0, f.between(1, 30)).Format(time.DateOnly))
}
