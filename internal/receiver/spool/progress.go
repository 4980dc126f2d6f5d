package spool

// progress is what is known of draining from one round to the next.
type progress struct {
	standings [kinds]standing
	// handled are the lines of files that nobody has to be given any more.
	handled map[string]map[int]bool
}

// standing is how the store deals with callbacks of a kind.
type standing struct {
	failures int // in a row, though it answers
	taken    int // callbacks, ever
	before   int // those that it had taken when it began to fail
}

func (p *progress) standing(run []waiting) *standing { return &p.standings[run[0].kind()] }

// forgive forgets how often the store has failed.
func (p *progress) forgive() {
	for k := range p.standings {
		p.standings[k].failures = 0
	}
}

// note remembers that callbacks need no more to be done for them.
func (p *progress) note(run []waiting) {
	for _, w := range run {
		if p.handled == nil {
			p.handled = map[string]map[int]bool{}
		}
		if p.handled[w.from.name] == nil {
			p.handled[w.from.name] = map[int]bool{}
		}
		p.handled[w.from.name][w.line] = true
	}
}

// missing are those of a file's callbacks of which that is not known.
func (p *progress) missing(from *openFile, held []callback) []waiting {
	var callbacks []waiting
	for _, c := range held {
		if !p.handled[from.name][c.line] {
			callbacks = append(callbacks, waiting{c, from})
		}
	}
	return callbacks
}

// done reports whether that is known of all that a file holds.
func (p *progress) done(one *openFile) bool { return len(p.handled[one.name]) >= one.held }

// forget drops what is known of files that are gone.
func (p *progress) forget(files []file) {
	for _, one := range files {
		delete(p.handled, one.name)
	}
}
