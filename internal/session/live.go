package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/solatis/solatis-cli/internal/folders"
)

// Live returns the running sessions, the longest running first, and removes what dead
// ones left behind.
func Live(f folders.Folders) ([]Info, error) {
	r := open(f)
	if _, err := os.Stat(r.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	lock, err := r.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	ids, err := r.ids()
	if err != nil {
		return nil, err
	}
	var live []Info
	for _, id := range ids {
		dead, err := r.isDead(id)
		if err != nil {
			return nil, err
		}
		if dead {
			// What can't be removed harms nobody: it stays dead.
			_ = r.remove(id)
			continue
		}
		info, err := r.read(id)
		if err != nil {
			return nil, err
		}
		live = append(live, info)
	}
	slices.SortStableFunc(live, func(a, b Info) int { return a.Started.Compare(b.Started) })
	return live, nil
}

func (r registry) read(id string) (Info, error) {
	data, err := os.ReadFile(r.description(id))
	if err != nil {
		return Info{}, fmt.Errorf("the description of running session %s can't be read: %w; restart that session", id, err)
	}
	var info Info
	if err := json.Unmarshal(data, &info); err != nil {
		return Info{}, fmt.Errorf("the description of running session %s, %s, is damaged: %w; restart that session", id, r.description(id), err)
	}
	// The file's name is what is locked; what it says inside could be another's.
	info.ID = id
	return info, nil
}
