package folders

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// networkKind names the network file system that dir is on, "" for a local one.
func networkKind(dir string) (string, error) {
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(dir) + `\`)
	if err != nil {
		return "", err
	}
	if windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		return "network drive", nil
	}
	return "", nil
}
