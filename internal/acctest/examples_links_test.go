package acctest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	codeBlock = regexp.MustCompile("(?s)```.*?```")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	anchor    = regexp.MustCompile(`<a id="([^"]+)">`)
	unslugged = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows the links between the pages of this repository. Those of a
// provider are read at a registry too, which leaves out the pages' extension.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages := markdown(t)
	for page, text := range pages {
		for _, match := range link.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			path, fragment, _ := strings.Cut(match[1], "#")
			found, exists := page, true
			if path != "" {
				found, exists = resolve(filepath.Join(filepath.Dir(page), path))
			}
			switch {
			case !exists:
				t.Errorf("%s: there is no %s", page, match[1])
			case fragment != "" && !anchors(pages[found])[fragment]:
				t.Errorf("%s: there is no #%s in %s", page, fragment, found)
			}
		}
	}
}

// markdown is all pages, by their paths from here.
func markdown(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	pages := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md" || strings.Contains(path, "templates"):
			return nil
		}
		text, err := os.ReadFile(path) // #nosec G304 G122 -- of this repository
		pages[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// resolve finds what a link means: a file or folder, or a page of a provider.
func resolve(path string) (found string, exists bool) {
	for _, candidate := range []string{path + ".md", filepath.Join(path, "index.md"), path} {
		if _, err := os.Stat(candidate); err == nil {
			return candidate, true
		}
	}
	return "", false
}

// anchors are the places in a page that a link can point to.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		found[strings.ReplaceAll(unslugged.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")] = true
	}
	for _, match := range anchor.FindAllStringSubmatch(page, -1) {
		found[match[1]] = true
	}
	return found
}
