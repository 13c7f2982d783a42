package catalog

import (
	"strings"
	"time"
)

type analyzedDocument struct {
	DocumentID      string         `json:"document_id"`
	Status          string         `json:"status"`
	Summary         string         `json:"summary"`
	ExtractedFields documentFields `json:"extracted_fields"`
	Confidence      float64        `json:"confidence"`
}

type documentFields struct {
	Parties     []string `json:"parties"`
	StartDate   string   `json:"start_date"`
	EndDate     string   `json:"end_date"`
	Obligations []string `json:"obligations"`
}

func documentAnalyzed(f *faker) any {
	parties := some(f, companies, 2, 2+f.IntN(2))
	kind := pick(f, documentKinds)
	start := epoch.AddDate(0, 0, f.between(-900, 90))
	summary := "This is " + kind + " between " + strings.Join(parties, " and ") + ". " +
		f.sentences(clauses, 1, 5)
	return analyzedDocument{
		DocumentID: f.id("doc_"),
		Status:     "completed",
		Summary:    summary,
		ExtractedFields: documentFields{
			Parties:     parties,
			StartDate:   start.Format(time.DateOnly),
			EndDate:     start.AddDate(f.between(1, 3), 0, 0).Format(time.DateOnly),
			Obligations: f.obligations(parties),
		},
		Confidence: f.confidence(),
	}
}

// obligations returns what the parties have to do: nothing at all in a few documents,
// since a handler should survive an empty list.
func (f *faker) obligations(parties []string) []string {
	duties := some(f, duties, 0, 7)
	for i, duty := range duties {
		duties[i] = pick(f, parties) + " " + f.fill(duty)
	}
	return duties
}

type deletedDocument struct {
	DocumentID string  `json:"document_id"`
	Title      string  `json:"title"`
	DeletedBy  *person `json:"deleted_by"` // nil where a retention rule did it
	DeletedAt  string  `json:"deleted_at"`
}

func documentDeleted(f *faker) any {
	return deletedDocument{
		DocumentID: f.id("doc_"),
		Title:      f.fill(pick(f, documentTitles)),
		DeletedBy:  maybe(f, 8, f.person()),
		DeletedAt:  stamp(f.moment()),
	}
}

type sharedDocument struct {
	DocumentID string   `json:"document_id"`
	Title      string   `json:"title"`
	ShareID    string   `json:"share_id"`
	SharedBy   person   `json:"shared_by"`
	SharedWith []person `json:"shared_with"`
	Permission string   `json:"permission"`
	Message    *string  `json:"message"`
	SharedAt   string   `json:"shared_at"`
	ExpiresAt  *string  `json:"expires_at"`
}

func documentShared(f *faker) any {
	everybody := f.people(2, 6)
	at := f.moment()
	return sharedDocument{
		DocumentID: f.id("doc_"),
		Title:      f.fill(pick(f, documentTitles)),
		ShareID:    f.id("shr_"),
		SharedBy:   everybody[0],
		SharedWith: everybody[1:],
		Permission: pick(f, []string{"view", "comment", "edit"}),
		Message:    maybe(f, 3, f.fill(pick(f, shareMessages))),
		SharedAt:   stamp(at),
		ExpiresAt:  maybe(f, 2, stamp(f.later(at, 60*24*time.Hour))),
	}
}
