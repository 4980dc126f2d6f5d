package page

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"net/http"
	"path"
	"time"
)

// The scripts, the style and the icon. idiomorph (0.8.0, 0BSD, as npm has it) puts
// news into the page without disturbing what is focused, open or selected.
//
//go:embed assets
var assetFiles embed.FS

// serveAsset serves one embedded file. Browsers may keep it and ask whether it is
// still the same.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	content, err := assetFiles.ReadFile(path.Join("assets", path.Base(name)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	sum := fnv.New128a()
	_, _ = sum.Write(content) // a hash takes every write
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sum.Sum(nil)))
	w.Header().Set("Cache-Control", "no-cache")
	if path.Ext(name) == ".LICENSE" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
