package check_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

const dashboardFile = "deploy/grafana/dashboards/qos-receiver.json"

// dashboard is what of Grafana's model is used here.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Type  string `json:"type"`
			Query any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		RefID      string     `json:"refId"`
		Expr       string     `json:"expr"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

type datasource struct {
	UID string `json:"uid"`
}

func loadDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	if d.UID == "" || d.Title == "" || len(d.Panels) == 0 {
		t.Fatal("the dashboard has no uid, title or panels")
	}
	return d
}

func TestDashboardPanels(t *testing.T) {
	t.Parallel()
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range loadDashboard(t).Panels {
		if ids[p.ID] {
			t.Errorf("%s: the id %d is another panel's", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies on %q or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("%s: has description %q, unit %q, %d queries", p.Title, p.Description, p.FieldConfig.Defaults.Unit, len(p.Targets))
		}
		for _, target := range p.Targets {
			if p.Datasource.UID != "${datasource}" || target.Datasource.UID != "${datasource}" {
				t.Errorf("%s: is bound to the data source %q", p.Title, target.Datasource.UID)
			}
		}
	}
}

// TestDashboardQueries checks every expression, and that each of the receiver's
// metrics is shown.
func TestDashboardQueries(t *testing.T) {
	t.Parallel()
	d := loadDashboard(t)
	j := newJudge(t)
	grafana := strings.NewReplacer("$__rate_interval", "5m")
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			j.check(t, p.Title, grafana.Replace(target.Expr))
			if !strings.Contains(target.Expr, `job=~"$job", instance=~"$instance"`) {
				t.Errorf("%s: does not heed the variables: %s", p.Title, target.Expr)
			}
		}
	}
	for _, annotation := range d.Annotations.List {
		j.check(t, "annotation", annotation.Expr)
	}
	shown := ownMetrics(t)
	maps.Copy(shown, forwardMetrics())
	for name := range shown {
		if !j.used[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
	variables := map[string]string{}
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
	}
	for name, kind := range map[string]string{"datasource": "datasource", "job": "query", "instance": "query"} {
		if variables[name] != kind {
			t.Errorf("variable %s is of type %q, want %q", name, variables[name], kind)
		}
	}
}
