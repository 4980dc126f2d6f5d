package acctest

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// SavePlan saves a plan under a name in the working directory, and returns the
// files that it consists of by their names.
func (c *CLI) SavePlan(name string) map[string]string {
	c.t.Helper()
	c.MustRun("plan", "-input=false", "-no-color", "-out="+name)
	archive, err := zip.OpenReader(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	files := make(map[string]string, len(archive.File))
	for _, f := range archive.File {
		files[f.Name] = c.unpack(f)
	}
	return files
}

func (c *CLI) unpack(f *zip.File) string {
	c.t.Helper()
	reader, err := f.Open()
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	content, err := io.ReadAll(reader)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(content)
}

// IDs returns the ids of a type's resources in the state.
func (c *CLI) IDs(resourceType string) []string {
	c.t.Helper()
	text := c.State()
	if text == "" {
		return nil
	}
	var state struct {
		Resources []struct {
			Mode      string `json:"mode"`
			Type      string `json:"type"`
			Instances []struct {
				Attributes struct {
					ID string `json:"id"`
				} `json:"attributes"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		c.t.Fatal(err)
	}
	var ids []string
	for _, r := range state.Resources {
		if r.Mode != "managed" || r.Type != resourceType {
			continue
		}
		for _, instance := range r.Instances {
			ids = append(ids, instance.Attributes.ID)
		}
	}
	return ids
}

// Unlock removes the lock that a killed engine leaves on its state.
func (c *CLI) Unlock() {
	c.t.Helper()
	err := os.Remove(filepath.Join(c.dir, ".terraform.tfstate.lock.info"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		c.t.Fatal(err)
	}
}
