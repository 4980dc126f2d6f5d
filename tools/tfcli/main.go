// Tfcli prints the path of the Terraform or OpenTofu command line to test with,
// after installing Terraform where there is none.
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
	flag.Parse()
	if err := run(*cache); err != nil {
		fmt.Fprintln(os.Stderr, "tfcli:", err)
		os.Exit(1)
	}
}

func run(cache string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	path, err := tfcli.Find(ctx, cache)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(os.Stdout, path)
	return err
}
