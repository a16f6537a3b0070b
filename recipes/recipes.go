// Package recipes has the recipes of this folder, for programs that want them without the folder.
package recipes

import "embed"

// Files are the recipes by their file names.
//
//go:embed *.yaml
var Files embed.FS
