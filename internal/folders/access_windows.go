package folders

import (
	"io/fs"
	"os"
)

// checkWritable tries, since what an access control list allows is only known then.
func checkWritable(dir string) error {
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// Windows keeps no owner or mode in a FileInfo. Its profile and temporary folders are
// each user's own, and what is created in them inherits their access control list.
func ownedByUser(fs.FileInfo) bool  { return true }
func openToOthers(fs.FileInfo) bool { return false }
