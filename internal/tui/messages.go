package tui

import (
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/history"
)

// The messages of the view, besides bubbletea's own. Each says who sends it and what
// follows. gen is the generation that a result belongs to; another one's is dropped.
type (
	// updatesMsg is a batch of what happened, from the feed. The header counts it, the
	// list and the open delivery are read again, and the feed is asked for the next one.
	// over says that the session has ended, and the view ends too.
	updatesMsg struct {
		updates []activity.Update
		over    bool
	}

	// windowMsg is a part of the list, from root.load. The list shows it, and if it is out
	// of date already, another load follows after a pause.
	windowMsg struct {
		gen    int
		window window
		err    error
		edge   bool          // whether it is the one at the oldest end
		took   time.Duration // reading it
	}

	// reloadMsg ends that pause.
	reloadMsg struct{ gen int }

	// countMsg is how many deliveries the list has, from root.count.
	countMsg struct {
		gen int
		n   int
		err error
	}

	// detailMsg is a delivery to show, from root.show. The detail lays it out.
	detailMsg struct {
		gen   int
		pages pages
		err   error
	}

	// tickMsg says that something on the screen changes with time: a countdown, or a
	// delivery that is to be called pending by now. root.wake sends it, no more often than
	// needed, and the next one follows.
	tickMsg struct{ gen int }

	// doneMsg is how an action ended, from root.act. A toast tells.
	doneMsg struct {
		note toastNote
		then func(*root) // changes the root's state; nil for nothing
	}

	// toastOverMsg says that a toast was seen long enough, if it is still the same.
	toastOverMsg struct{ gen int }

	// clipboardMsg is text for the terminal's clipboard, from an action that makes it.
	clipboardMsg struct{ text, what string }

	// samplesMsg is what can be triggered, from root.openPicker. The picker shows it.
	samplesMsg struct {
		gen     int
		samples []Sample
		err     error
	}

	// previewMsg is the body of the picker's selected sample. It is what enter sends.
	previewMsg struct {
		gen  int
		body []byte
		err  error
	}

	// editMsg says that a body lies in a file for the editor, which is started.
	editMsg struct {
		edit *edit
		err  error
	}

	// editorClosedMsg says that the editor has ended, and the screen is the view's again. What
	// it left is read.
	editorClosedMsg struct {
		edit *edit
		err  error
	}

	// editedMsg is what the editor left, from reading that file. A changed body is sent.
	editedMsg struct {
		edit *edit
		body []byte
		err  error
	}

	// savedMsg is how saving a body ended, from root.save. If the file is there already,
	// the person is asked.
	savedMsg struct {
		path    string
		request string
		size    int
		exists  bool
		err     error
	}

	// editAskedMsg brings the body to edit, from reading it. It is put into a file.
	editAskedMsg struct{ edit *edit }

	// failedMsg says that something could not be read. A toast tells.
	failedMsg struct{ err error }

	// crashedMsg says that a command panicked. The view ends, and says so.
	crashedMsg struct{ crash *crash }
)

// pages are a delivery laid out for each tab, made outside of Update since a body may be
// large.
type pages struct {
	details history.Details
	tabs    [tabs]page
	form    form // that the body has
}
