package catalog

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// faker draws believable values. Whatever it returns follows from its seed alone.
type faker struct{ *rand.Rand }

func newFaker(seed uint64, name string) *faker {
	return &faker{rand.New(rand.NewPCG(seed, stream(name)))}
}

// stream turns a type's name into the second half of a random generator's seed, so that
// one seed gives each type other names and dates.
func stream(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// person is somebody with a part in an event.
type person struct {
	UserID *string `json:"user_id"` // nil for somebody without an account
	Name   string  `json:"name"`
	Email  string  `json:"email"`
}

// pick returns one of the values.
func pick[T any](f *faker, from []T) T { return from[f.IntN(len(from))] }

// some returns at least least and at most most different ones of the values, in the
// order they were drawn.
func some[T any](f *faker, from []T, least, most int) []T {
	drawn := make([]T, 0, most)
	for _, i := range f.Perm(len(from))[:f.between(least, most)] {
		drawn = append(drawn, from[i])
	}
	return drawn
}

// maybe returns v, or nil in one of n cases.
func maybe[T any](f *faker, n int, v T) *T {
	if f.oneIn(n) {
		return nil
	}
	return &v
}

func (f *faker) oneIn(n int) bool { return f.IntN(n) == 0 }

// between returns a number from low to high, both included.
func (f *faker) between(low, high int) int { return low + f.IntN(high-low+1) }

// confidence returns a number with two decimals, more often high than low.
func (f *faker) confidence() float64 {
	return float64(100-max(1, f.IntN(8)*f.IntN(7))) / 100
}

// id returns an id of the length that the guide's have.
func (f *faker) id(prefix string) string {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	id := []byte(prefix)
	for range 9 {
		id = append(id, alphabet[f.IntN(len(alphabet))])
	}
	return string(id)
}

// person returns somebody from anywhere.
func (f *faker) person() person { return f.people(1, 1)[0] }

// people returns different persons.
func (f *faker) people(least, most int) []person {
	all := make([]person, 0, most)
	for _, who := range some(f, people, least, most) {
		all = append(all, person{
			UserID: maybe(f, 6, f.id("usr_")),
			Name:   who.name,
			Email:  who.mailbox + "@" + pick(f, domains),
		})
	}
	return all
}

// fill replaces the placeholders of a text, each with one value throughout the text.
func (f *faker) fill(text string) string {
	company := f.Perm(len(companies))
	return strings.NewReplacer(
		"{company}", companies[company[0]],
		"{other}", companies[company[1]],
		"{name}", pick(f, people).name,
		"{subject}", pick(f, subjects),
		"{amount}", pick(f, amounts),
		"{weekday}", pick(f, weekdays),
	).Replace(text)
}

// fillAll fills each text on its own.
func (f *faker) fillAll(texts []string) []string {
	filled := make([]string, len(texts))
	for i, text := range texts {
		filled[i] = f.fill(text)
	}
	return filled
}

// sentences returns least to most of the texts, filled and in one paragraph.
func (f *faker) sentences(texts []string, least, most int) string {
	return strings.Join(f.fillAll(some(f, texts, least, most)), " ")
}

// epoch is the day around which the times in the data lie: that of the guide's
// payloads. A clock has no part in it, so that a seed gives the same on every day.
var epoch = time.Date(2026, time.February, 2, 0, 0, 0, 0, time.UTC)

// moment returns a time of day in working hours, within two months after epoch.
func (f *faker) moment() time.Time {
	return epoch.AddDate(0, 0, f.IntN(60)).Add(7*time.Hour + time.Duration(f.IntN(11*3600))*time.Second)
}

// later returns a time after t, at most by limit.
func (f *faker) later(t time.Time, limit time.Duration) time.Time {
	return t.Add(time.Duration(1+f.IntN(int(limit/time.Second))) * time.Second)
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }
