package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// secret is a flag's value or the content of its file, "" when neither is given.
func secret(flag string, value *string, file string) (string, error) {
	if value != nil && file != "" {
		return "", fmt.Errorf("only one of --%s and --%s-file may be given", flag, flag)
	}
	if value == nil && file == "" {
		return "", nil
	}
	var values, files []string
	if value != nil {
		values = []string{*value}
	} else {
		files = []string{file}
	}
	all, err := secretList(flag, values, files)
	if err != nil {
		return "", err
	}
	return all[0], nil
}

// readSecret reads a file without the line end that editors add.
func readSecret(flag, file string) (string, error) {
	content, err := os.ReadFile(file) //nolint:gosec // The operator names the file.
	if err != nil {
		return "", fmt.Errorf("--%s-file: %w", flag, err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// token is a secret that travels in an Authorization header.
func token(flag string, value *string, file string) (string, error) {
	text, err := secret(flag, value, file)
	if err != nil || text == "" {
		return text, err
	}
	return text, checkToken(flag, text)
}

// tokenList is secretList for tokens.
func tokenList(flag string, values, files []string) ([]string, error) {
	all, err := secretList(flag, values, files)
	if err != nil {
		return nil, err
	}
	for _, text := range all {
		if err := checkToken(flag, text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func checkToken(flag, text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("--%s may only hold visible ASCII characters", flag)
	}
	return nil
}

// secretList is all values of a repeatable flag and of its files.
func secretList(flag string, values, files []string) ([]string, error) {
	all := append([]string{}, values...)
	for _, file := range files {
		content, err := readSecret(flag, file)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	if slices.Contains(all, "") {
		return nil, fmt.Errorf("--%s is empty", flag)
	}
	return all, nil
}
