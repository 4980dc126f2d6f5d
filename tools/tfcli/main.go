// Tfcli prints the path of the Terraform or OpenTofu command line to test with,
// after installing Terraform where there is none; with -all, those of all that
// there are, each with a tab and its name and version.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/qosform/terraform-provider-qos/tools/internal/tfcli"
)

func main() {
	cache := flag.String("cache", ".tools", "folder for a Terraform that has to be downloaded")
	all := flag.Bool("all", false, "print every CLI that is on PATH or that "+tfcli.EnginesVariable+" names, the one to prefer first")
	flag.Parse()
	if err := run(*cache, *all); err != nil {
		fmt.Fprintln(os.Stderr, "tfcli:", err)
		os.Exit(1)
	}
}

func run(cache string, all bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if !all {
		path, err := tfcli.Find(ctx, cache)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(os.Stdout, path)
		return err
	}
	engines, err := tfcli.All(ctx, cache)
	if err != nil {
		return err
	}
	for _, engine := range engines {
		if _, err := fmt.Fprintf(os.Stdout, "%s\t%s\n", engine.Path, engine.Name); err != nil {
			return err
		}
	}
	return nil
}
