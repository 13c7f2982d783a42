package catalog

import (
	"slices"
	"time"
)

// task has what the events of a task's life have in common.
type task struct {
	TaskID      string      `json:"task_id"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Status      string      `json:"status"`
	Priority    string      `json:"priority"`
	Assignee    *person     `json:"assignee"`
	DueDate     *string     `json:"due_date"`
	Tags        []string    `json:"tags"`
	Source      *taskSource `json:"source"` // nil for a task written by hand
	CreatedAt   string      `json:"created_at"`
	UpdatedAt   string      `json:"updated_at"`
}

type taskSource struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// task returns a task as it is right after it was created, and when that was.
func (f *faker) task() (task, time.Time) {
	at := f.moment()
	promise := pick(f, promises)
	source := pick(f, []taskSource{{"meeting", f.id("mtg_")}, {"document", f.id("doc_")}})
	return task{
		TaskID:      f.id("task_"),
		Title:       promise.todo,
		Description: f.sentences(taskNotes, 0, 4),
		Status:      "todo",
		Priority:    pick(f, priorities),
		Assignee:    maybe(f, 4, f.person()),
		DueDate:     f.dueDate(at),
		Tags:        some(f, tags, 0, 4),
		Source:      maybe(f, 4, source),
		CreatedAt:   stamp(at),
		UpdatedAt:   stamp(at),
	}, at
}

type createdTask struct {
	task
	CreatedBy *person `json:"created_by"` // nil for one that was made from an analysis
}

func taskCreated(f *faker) any {
	t, _ := f.task()
	return createdTask{t, maybe(f, 3, f.person())}
}

type updatedTask struct {
	task
	UpdatedBy person   `json:"updated_by"`
	Changes   []change `json:"changes"`
}

// change is one field's old and new value, as text or nil.
type change struct {
	Field string  `json:"field"`
	From  *string `json:"from"`
	To    *string `json:"to"`
}

func taskUpdated(f *faker) any {
	t, created := f.task()
	t.UpdatedAt = stamp(f.later(created, 20*24*time.Hour))
	changes := f.change(&t, created)
	return updatedTask{t, f.person(), changes}
}

// change changes one to three fields of t and says what they were.
func (f *faker) change(t *task, created time.Time) []change {
	before := *t
	changes := make([]change, 0, 3)
	for _, field := range some(f, []string{"status", "priority", "due_date"}, 1, 3) {
		switch field {
		case "status":
			t.Status = pick(f, []string{"in_progress", "in_review", "blocked"})
			changes = append(changes, change{field, &before.Status, &t.Status})
		case "priority":
			t.Priority = pick(f, without(priorities, before.Priority))
			changes = append(changes, change{field, &before.Priority, &t.Priority})
		case "due_date":
			t.DueDate = f.postponed(before.DueDate, created)
			changes = append(changes, change{field, before.DueDate, t.DueDate})
		}
	}
	return changes
}

// postponed returns another due date than the one before, or none where there was one.
func (f *faker) postponed(before *string, created time.Time) *string {
	if before != nil && f.oneIn(5) {
		return nil
	}
	return new(created.AddDate(0, 0, f.between(31, 90)).Format(time.DateOnly))
}

func without(values []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == value })
}

type completedTask struct {
	task
	CompletedBy *person `json:"completed_by"` // nil where an integration did it
	CompletedAt string  `json:"completed_at"`
}

func taskCompleted(f *faker) any {
	t, created := f.task()
	t.Status = "completed"
	t.UpdatedAt = stamp(f.later(created, 30*24*time.Hour))
	return completedTask{t, maybe(f, 6, f.person()), t.UpdatedAt}
}

type deletedTask struct {
	TaskID    string  `json:"task_id"`
	Title     string  `json:"title"`
	DeletedBy *person `json:"deleted_by"` // nil where it went with its meeting or document
	DeletedAt string  `json:"deleted_at"`
}

func taskDeleted(f *faker) any {
	return deletedTask{
		TaskID:    f.id("task_"),
		Title:     pick(f, promises).todo,
		DeletedBy: maybe(f, 6, f.person()),
		DeletedAt: stamp(f.moment()),
	}
}
