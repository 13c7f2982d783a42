package folders

import "golang.org/x/sys/unix"

// networkKind names the network file system that dir is on, "" for a local one.
func networkKind(dir string) (string, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return "", err
	}
	switch unix.ByteSliceToString(stat.Fstypename[:]) {
	case "nfs":
		return "NFS", nil
	case "smbfs", "cifs":
		return "SMB", nil
	case "9p":
		return "9p", nil
	case "afpfs":
		return "AFP", nil
	case "webdav":
		return "WebDAV", nil
	}
	return "", nil
}
