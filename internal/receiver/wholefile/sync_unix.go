//go:build unix

package wholefile

import (
	"errors"
	"os"
)

// syncFolder makes the folder's list of files outlive a loss of power.
func syncFolder(path string) (err error) {
	folder, err := os.Open(path) //nolint:gosec // The folder is the operator's own.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	return folder.Sync()
}
