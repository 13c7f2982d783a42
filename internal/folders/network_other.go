//go:build !linux && !darwin && !windows

package folders

// networkKind doesn't know this system's network file systems.
func networkKind(string) (string, error) { return "", nil }
