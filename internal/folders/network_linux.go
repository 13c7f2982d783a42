package folders

import "golang.org/x/sys/unix"

// networkKind names the network file system that dir is on, "" for a local one.
func networkKind(dir string) (string, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return "", err
	}
	// The type's width and sign differ by architecture; the numbers have 32 bits.
	switch uint32(stat.Type) {
	case unix.NFS_SUPER_MAGIC:
		return "NFS", nil
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB", nil
	case unix.V9FS_MAGIC:
		return "9p", nil
	}
	return "", nil
}
