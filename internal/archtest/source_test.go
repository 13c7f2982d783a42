package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/solatis/solatis-cli/"

// pkg is one folder of Go files, tests left out.
type pkg struct {
	path  string // below the module's root, such as "internal/event"
	name  string // as its package clause has it
	files []file
}

// file is one parsed Go file.
type file struct {
	path    string
	imports []string // "internal/event" for the module's own, else the full path
	uses    []use
}

// use is a mention of something exported by an imported package, or of print and
// println, whose pkg is empty.
type use struct {
	pkg, name string
	line      int
}

// is reports whether the use is one of names, which are listed by package.
func (u use) is(names map[string][]string) bool { return slices.Contains(names[u.pkg], u.name) }

// load parses the Go files below the roots of fsys, for whatever system they are, as a
// ban that holds on one system only would not be a ban.
func load(fsys fs.FS, roots ...string) ([]*pkg, error) {
	byPath := map[string]*pkg{}
	for _, root := range roots {
		err := fs.WalkDir(fsys, root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && slices.Contains([]string{"testdata", "node_modules"}, entry.Name()):
				return fs.SkipDir
			case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			return addFile(byPath, fsys, name)
		})
		if err != nil {
			return nil, err
		}
	}
	packages := make([]*pkg, 0, len(byPath))
	for _, p := range byPath {
		packages = append(packages, p)
	}
	slices.SortFunc(packages, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return packages, nil
}

func addFile(byPath map[string]*pkg, fsys fs.FS, name string) error {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	positions := token.NewFileSet()
	syntax, err := parser.ParseFile(positions, name, source, 0)
	if err != nil {
		return err
	}
	folder := path.Dir(name)
	if byPath[folder] == nil {
		byPath[folder] = &pkg{path: folder, name: syntax.Name.Name}
	}
	p := byPath[folder]
	p.files = append(p.files, readFile(name, positions, syntax))
	return nil
}

func readFile(name string, positions *token.FileSet, syntax *ast.File) file {
	f := file{path: name}
	named := map[string]string{} // how the file calls a package, and which it is
	for _, spec := range syntax.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		f.imports = append(f.imports, strings.TrimPrefix(imported, module))
		if spec.Name != nil {
			named[spec.Name.Name] = imported
		} else {
			named[path.Base(imported)] = imported
		}
	}
	ast.Inspect(syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			// An identifier that the parser resolved is a local variable that hides the package.
			if x, ok := n.X.(*ast.Ident); ok && x.Obj == nil && named[x.Name] != "" {
				f.uses = append(f.uses, use{named[x.Name], n.Sel.Name, positions.Position(n.Pos()).Line})
			}
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.Ident); ok && fun.Obj == nil && (fun.Name == "print" || fun.Name == "println") {
				f.uses = append(f.uses, use{"", fun.Name, positions.Position(n.Pos()).Line})
			}
		}
		return true
	})
	return f
}

// within reports whether name is root or lies below it.
func within(name, root string) bool {
	root = strings.TrimSuffix(root, "/")
	return name == root || strings.HasPrefix(name, root+"/")
}

// isStd reports whether an import path is of the standard library, whose first
// element has no dot; the module's own paths, shortened, begin with a folder of it.
func isStd(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && !slices.Contains([]string{"internal", "cmd", "docs"}, first)
}
