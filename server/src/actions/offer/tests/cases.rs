//! What is offered where: a document with its cursor or selection, and the offers in their order, each with its target (`⏎` is a line end, `→` a
//! tab). No line for an offer means that it does not apply.

use super::*;

#[test]
fn what_applies_is_offered_in_its_order() {
    for (language, text, expected) in CASES {
        let (snapshot, range) = marked(language, text);
        assert_eq!(
            &listed(&snapshot, range, &[]),
            expected,
            "{language}: {text}"
        );
    }
}

#[rustfmt::skip]
const CASES: &[(&str, &str, &[&str])] = &[
    ("python", "def total(prices):\n    s$0 = 0\n    for p in prices:\n        s += p\n    return s\n", &[
        "Document `total` | ",
        "Write tests for `total` | def total(prices):⏎    s = 0⏎ [...]      s += p⏎    return s",
        "Simplify `total` | def total(prices):⏎    s = 0⏎ [...]      s += p⏎    return s",
        "Edit `total` as told | def total(prices):⏎    s = 0⏎ [...]      s += p⏎    return s",
        "Explain `total` | def total(prices):⏎    s = 0⏎ [...]      s += p⏎    return s",
    ]),
    ("python", "def tot$0al(prices):\n    \"\"\"Adds.\"\"\"\n    pass\n", &[
        "Implement `total` | pass",
        "Rewrite the documentation of `total` | \"\"\"Adds.\"\"\"",
        "Write tests for `total` | def total(prices):⏎    \"\"\"Adds.\"\"\"⏎    pass",
        "Edit `total` as told | def total(prices):⏎    \"\"\"Adds.\"\"\"⏎    pass",
        "Explain `total` | def total(prices):⏎    \"\"\"Adds.\"\"\"⏎    pass",
    ]),
    ("python", "class A:\n    def f(self): p$0ass\n", &[
        "Implement `f` |  pass",
        "Document `f` | ",
        "Write tests for `f` | def f(self): pass",
        "Edit `f` as told | def f(self): pass",
        "Explain `f` | def f(self): pass",
    ]),
    ("python", "def f(a):\n    raise NotImplementedError(\"later\")$0\n", &[
        "Implement `f` | raise NotImplementedError(\"later\")",
        "Document `f` | ",
        "Write tests for `f` | def f(a):⏎    raise NotImplementedError(\"later\")",
        "Edit `f` as told | def f(a):⏎    raise NotImplementedError(\"later\")",
        "Explain `f` | def f(a):⏎    raise NotImplementedError(\"later\")",
    ]),
    ("python", "def f(a):\n    \"\"\"Sum of squares.\"\"\"$0\n", &[
        "Implement `f` | ",
        "Rewrite the documentation of `f` | \"\"\"Sum of squares.\"\"\"",
        "Write tests for `f` | def f(a):⏎    \"\"\"Sum of squares.\"\"\"",
        "Edit `f` as told | def f(a):⏎    \"\"\"Sum of squares.\"\"\"",
        "Explain `f` | def f(a):⏎    \"\"\"Sum of squares.\"\"\"",
    ]),
    ("python", "def f(a):\n    # TODO: sum the squares$0\n    return None\n", &[
        "Implement `f` | # TODO: sum the squares⏎    return None",
        "Document `f` | ",
        "Write tests for `f` | def f(a):⏎    # TODO: sum the squares⏎    return None",
        "Edit `f` as told | def f(a):⏎    # TODO: sum the squares⏎    return None",
        "Explain `f` | def f(a):⏎    # TODO: sum the squares⏎    return None",
    ]),
    ("python", "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n        pa$0ss\n", &[
        "Document `f` | ",
        "Simplify `f` | @abc.abstractmethod⏎    def f(self):⏎        pass",
        "Edit `f` as told | @abc.abstractmethod⏎    def f(self):⏎        pass",
        "Explain `f` | @abc.abstractmethod⏎    def f(self):⏎        pass",
    ]),
    ("python", "@cache\n@log(1)\ndef f$0(a):\n    return a\n", &[
        "Document `f` | ",
        "Write tests for `f` | @cache⏎@log(1)⏎def f(a):⏎    return a",
        "Simplify `f` | @cache⏎@log(1)⏎def f(a):⏎    return a",
        "Edit `f` as told | @cache⏎@log(1)⏎def f(a):⏎    return a",
        "Explain `f` | @cache⏎@log(1)⏎def f(a):⏎    return a",
    ]),
    ("python", "@ca$0che\ndef f(a):\n    return a\n", &[
        "Document `f` | ",
        "Write tests for `f` | @cache⏎def f(a):⏎    return a",
        "Simplify `f` | @cache⏎def f(a):⏎    return a",
        "Edit `f` as told | @cache⏎def f(a):⏎    return a",
        "Explain `f` | @cache⏎def f(a):⏎    return a",
    ]),
    ("python", "x = 1\n\n# read all lines of the file into a list$0\n", &[
        "Write the code that this comment describes | ",
    ]),
    ("python", "def f(a):\n    # tacit: use a set\n    b = lis$0t(a)\n    return b\n", &[
        "Edit these lines: use a set | b = list(a)",
        "Document `f` | ",
        "Write tests for `f` | def f(a):⏎    # tacit: use a s[...] b = list(a)⏎    return b",
        "Simplify `f` | def f(a):⏎    # tacit: use a s[...] b = list(a)⏎    return b",
        "Edit `f` as told | def f(a):⏎    # tacit: use a s[...] b = list(a)⏎    return b",
        "Explain `f` | def f(a):⏎    # tacit: use a s[...] b = list(a)⏎    return b",
    ]),
    ("python", "# tacit: handle\n#   negative numbers$0\n@cache\ndef f(a):\n    return a\n", &[
        "Edit `f`: handle negative numbers | @cache⏎def f(a):⏎    return a",
        "Document `f` | ",
        "Write tests for `f` | @cache⏎def f(a):⏎    return a",
        "Simplify `f` | @cache⏎def f(a):⏎    return a",
        "Edit `f` as told | @cache⏎def f(a):⏎    return a",
        "Explain `f` | @cache⏎def f(a):⏎    return a",
    ]),
    ("python", "def f(a):\n    b = 1\n«    c = 2\n    d = 3\n»    return b\n", &[
        "Simplify the selection | c = 2⏎    d = 3",
        "Edit the selection as told | c = 2⏎    d = 3",
        "Explain the selection | c = 2⏎    d = 3",
    ]),
    ("python", "def f(a):\n    b = fo«o(ba»r)\n    return b\n", &[
        "Edit the selection as told | foo(bar",
        "Explain the selection | foo(bar",
    ]),
    ("python", "«def f(a):\n    return a\n\n\ndef g(b):\n    return b\n»", &[
        "Simplify the selection | def f(a):⏎    return a⏎⏎⏎def g(b):⏎    return b",
        "Edit the selection as told | def f(a):⏎    return a⏎⏎⏎def g(b):⏎    return b",
        "Explain the selection | def f(a):⏎    return a⏎⏎⏎def g(b):⏎    return b",
    ]),
    ("python", "def f(a):\n    def g(b):\n        return$0 b\n    return g\n", &[
        "Document `g` | ",
        "Simplify `g` | def g(b):⏎        return b",
        "Edit `g` as told | def g(b):⏎        return b",
        "Explain `g` | def g(b):⏎        return b",
    ]),
    ("python", "$0import os\n\ndef f():\n    return 1\n", &[
        "Document this file | ",
    ]),
    ("python", "#!/usr/bin/env python3\n\"\"\"Old.\"\"\"\nimport o$0s\n", &[
    ]),
    ("python", "$0", &[
    ]),
    ("python", "x = 1\n$0\n\ny = 2\n", &[
    ]),
    ("python", "def test_f():\n    assert$0 f(1) == 1\n", &[
        "Document `test_f` | ",
        "Simplify `test_f` | def test_f():⏎    assert f(1) == 1",
        "Edit `test_f` as told | def test_f():⏎    assert f(1) == 1",
        "Explain `test_f` | def test_f():⏎    assert f(1) == 1",
    ]),
    ("python", "class Shop:\n    ite$0ms = []\n\n    def add(self, item):\n        self.items.append(item)\n", &[
        "Document `Shop` | ",
        "Write tests for `Shop` | class Shop:⏎    items = []⏎⏎  [...]  self.items.append(item)",
        "Edit `Shop` as told | class Shop:⏎    items = []⏎⏎  [...]  self.items.append(item)",
        "Explain `Shop` | class Shop:⏎    items = []⏎⏎  [...]  self.items.append(item)",
    ]),
    ("python", "def broken(:\n    x = (1\n\ndef f(a):\n    return$0 a", &[
        "Document `f` | ",
        "Write tests for `f` | def f(a):⏎    return a",
        "Simplify `f` | def f(a):⏎    return a",
        "Edit `f` as told | def f(a):⏎    return a",
        "Explain `f` | def f(a):⏎    return a",
    ]),
    ("rust", "/// Adds.\n#[inline]\npub fn add(a: i32, b: i32) -> i32 {\n    a $0+ b\n}\n", &[
        "Rewrite the documentation of `add` | /// Adds.",
        "Write tests for `add` | #[inline]⏎pub fn add(a: i32, b: i32) -> i32 {⏎    a + b⏎}",
        "Simplify `add` | #[inline]⏎pub fn add(a: i32, b: i32) -> i32 {⏎    a + b⏎}",
        "Edit `add` as told | #[inline]⏎pub fn add(a: i32, b: i32) -> i32 {⏎    a + b⏎}",
        "Explain `add` | #[inline]⏎pub fn add(a: i32, b: i32) -> i32 {⏎    a + b⏎}",
    ]),
    ("rust", "#[inline]\n/// Adds.$0\npub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n", &[
        "Rewrite the documentation of `add` | /// Adds.",
        "Write tests for `add` | #[inline]⏎/// Adds.⏎pub fn add[...]i32) -> i32 {⏎    a + b⏎}",
        "Simplify `add` | #[inline]⏎/// Adds.⏎pub fn add[...]i32) -> i32 {⏎    a + b⏎}",
        "Edit `add` as told | #[inline]⏎/// Adds.⏎pub fn add[...]i32) -> i32 {⏎    a + b⏎}",
        "Explain `add` | #[inline]⏎/// Adds.⏎pub fn add[...]i32) -> i32 {⏎    a + b⏎}",
    ]),
    ("rust", "impl Shop {\n    fn total(&self) -> u32 {\n        todo!()$0\n    }\n}\n", &[
        "Implement `total` | todo!()",
        "Document `total` | ",
        "Write tests for `total` | fn total(&self) -> u32 {⏎        todo!()⏎    }",
        "Edit `total` as told | fn total(&self) -> u32 {⏎        todo!()⏎    }",
        "Explain `total` | fn total(&self) -> u32 {⏎        todo!()⏎    }",
    ]),
    ("rust", "fn total() -> u32 { todo!(\"sum, then {}\", 1) }$0\n", &[
        "Implement `total` |  todo!(\"sum, then {}\", 1) ",
        "Document `total` | ",
        "Write tests for `total` | fn total() -> u32 { todo!(\"sum, then {}\", 1) }",
        "Edit `total` as told | fn total() -> u32 { todo!(\"sum, then {}\", 1) }",
        "Explain `total` | fn total() -> u32 { todo!(\"sum, then {}\", 1) }",
    ]),
    ("rust", "fn total() -> u32 {$0}\n", &[
        "Implement `total` | ",
        "Document `total` | ",
        "Write tests for `total` | fn total() -> u32 {}",
        "Edit `total` as told | fn total() -> u32 {}",
        "Explain `total` | fn total() -> u32 {}",
    ]),
    ("rust", "fn nothing() {$0}\n", &[
        "Document `nothing` | ",
        "Write tests for `nothing` | fn nothing() {}",
        "Edit `nothing` as told | fn nothing() {}",
        "Explain `nothing` | fn nothing() {}",
    ]),
    ("rust", "struct A$0 {\n    b: u32,\n}\n", &[
        "Document `A` | ",
        "Write tests for `A` | struct A {⏎    b: u32,⏎}",
        "Edit `A` as told | struct A {⏎    b: u32,⏎}",
        "Explain `A` | struct A {⏎    b: u32,⏎}",
    ]),
    ("rust", "mod a {\n    $0use super::*;\n}\n", &[
        "Document `a` | ",
    ]),
    ("rust", "$0use std::fmt;\n", &[
        "Document this file | ",
    ]),
    ("rust", "//! Old$0.\n//! More.\n\nuse std::fmt;\n", &[
        "Rewrite the documentation of this file | //! Old.⏎//! More.",
    ]),
    ("rust", "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert!($0true);\n    }\n}\n", &[
        "Document `adds` | ",
        "Simplify `adds` | #[test]⏎    fn adds() {⏎        assert!(true);⏎    }",
        "Edit `adds` as told | #[test]⏎    fn adds() {⏎        assert!(true);⏎    }",
        "Explain `adds` | #[test]⏎    fn adds() {⏎        assert!(true);⏎    }",
    ]),
    ("rust", "fn f() {\n    let g = |x: u32| {\n        x + $01\n    };\n}\n", &[
        "Document `f` | ",
        "Write tests for `f` | fn f() {⏎    let g = |x: u32| {⏎        x + 1⏎    };⏎}",
        "Simplify `f` | fn f() {⏎    let g = |x: u32| {⏎        x + 1⏎    };⏎}",
        "Edit `f` as told | fn f() {⏎    let g = |x: u32| {⏎        x + 1⏎    };⏎}",
        "Explain `f` | fn f() {⏎    let g = |x: u32| {⏎        x + 1⏎    };⏎}",
    ]),
    ("rust", "fn one() -> u32 { 1$0 }\n", &[
        "Document `one` | ",
        "Write tests for `one` | fn one() -> u32 { 1 }",
        "Simplify `one` | fn one() -> u32 { 1 }",
        "Edit `one` as told | fn one() -> u32 { 1 }",
        "Explain `one` | fn one() -> u32 { 1 }",
    ]),
    ("typescript", "export async function load(url: string): Promise<string> {\n  throw new Error(\"Not implemented\");$0\n}\n", &[
        "Implement `load` | throw new Error(\"Not implemented\");",
        "Document `load` | ",
        "Write tests for `load` | export async function load(url[...]ror(\"Not implemented\");⏎}",
        "Edit `load` as told | export async function load(url[...]ror(\"Not implemented\");⏎}",
        "Explain `load` | export async function load(url[...]ror(\"Not implemented\");⏎}",
    ]),
    ("typescript", "export const add = (a: number, b: number) => {\n  return a $0+ b;\n};\n", &[
        "Document `add` | ",
        "Write tests for `add` | export const add = (a: number,[...]) => {⏎  return a + b;⏎};",
        "Simplify `add` | export const add = (a: number,[...]) => {⏎  return a + b;⏎};",
        "Edit `add` as told | export const add = (a: number,[...]) => {⏎  return a + b;⏎};",
        "Explain `add` | export const add = (a: number,[...]) => {⏎  return a + b;⏎};",
    ]),
    ("typescript", "ex$0port const add = (a: number) => a + 1;\n", &[
        "Document `add` | ",
        "Write tests for `add` | export const add = (a: number) => a + 1;",
        "Simplify `add` | export const add = (a: number) => a + 1;",
        "Edit `add` as told | export const add = (a: number) => a + 1;",
        "Explain `add` | export const add = (a: number) => a + 1;",
    ]),
    ("typescript", "@Component({})\nexport class A {\n  @Input() x = 1;\n\n  /** Old. */\n  @Log()\n  run$0(): void {}\n}\n", &[
        "Rewrite the documentation of `run` | /** Old. */",
        "Write tests for `run` | @Log()⏎  run(): void {}",
        "Edit `run` as told | @Log()⏎  run(): void {}",
        "Explain `run` | @Log()⏎  run(): void {}",
    ]),
    ("typescript", "interface A$0 {\n  x: number;\n}\n", &[
        "Document `A` | ",
        "Edit `A` as told | interface A {⏎  x: number;⏎}",
        "Explain `A` | interface A {⏎  x: number;⏎}",
    ]),
    ("javascript", "module.exports = {};\nexports.parse = function (text) {\n  return te$0xt;\n};\n", &[
        "Document `parse` | ",
        "Write tests for `parse` | exports.parse = function (text) {⏎  return text;⏎};",
        "Simplify `parse` | exports.parse = function (text) {⏎  return text;⏎};",
        "Edit `parse` as told | exports.parse = function (text) {⏎  return text;⏎};",
        "Explain `parse` | exports.parse = function (text) {⏎  return text;⏎};",
    ]),
    ("javascript", "function add(a, b) {\n  // TODO$0\n}\n", &[
        "Implement `add` | // TODO",
        "Document `add` | ",
        "Write tests for `add` | function add(a, b) {⏎  // TODO⏎}",
        "Edit `add` as told | function add(a, b) {⏎  // TODO⏎}",
        "Explain `add` | function add(a, b) {⏎  // TODO⏎}",
    ]),
    ("javascript", "class A {\n  constructor(a) {$0}\n}\n", &[
        "Document `constructor` | ",
        "Edit `constructor` as told | constructor(a) {}",
        "Explain `constructor` | constructor(a) {}",
    ]),
    ("go", "package shop\n\nfunc (s *Shop) Total() (int, error) {\n\tpanic(\"not implemented\")$0\n}\n", &[
        "Implement `Total` | panic(\"not implemented\")",
        "Document `Total` | ",
        "Write tests for `Total` | func (s *Shop) Total() (int, e[...]anic(\"not implemented\")⏎}",
        "Edit `Total` as told | func (s *Shop) Total() (int, e[...]anic(\"not implemented\")⏎}",
        "Explain `Total` | func (s *Shop) Total() (int, e[...]anic(\"not implemented\")⏎}",
    ]),
    ("go", "package sh$0op\n\nimport \"fmt\"\n", &[
        "Document `shop` | ",
    ]),
    ("go", "package shop\n\n// Shop sells.\ntype Shop$0 struct {\n\tName string\n}\n", &[
        "Rewrite the documentation of `Shop` | // Shop sells.",
        "Write tests for `Shop` | type Shop struct {⏎→Name string⏎}",
        "Edit `Shop` as told | type Shop struct {⏎→Name string⏎}",
        "Explain `Shop` | type Shop struct {⏎→Name string⏎}",
    ]),
    ("go", "package shop\n\nfunc Run() {$0\n}\n", &[
        "Document `Run` | ",
        "Write tests for `Run` | func Run() {⏎}",
        "Edit `Run` as told | func Run() {⏎}",
        "Explain `Run` | func Run() {⏎}",
    ]),
    ("go", "package shop\n\nfunc Sum(a []int) int {$0\n}\n", &[
        "Implement `Sum` | ⏎",
        "Document `Sum` | ",
        "Write tests for `Sum` | func Sum(a []int) int {⏎}",
        "Edit `Sum` as told | func Sum(a []int) int {⏎}",
        "Explain `Sum` | func Sum(a []int) int {⏎}",
    ]),
    ("java", "class Shop {\n    @Override\n    public int total() {\n        throw new UnsupportedOperationException(\"x\");$0\n    }\n}\n", &[
        "Implement `total` | throw new UnsupportedOperationException(\"x\");",
        "Document `total` | ",
        "Write tests for `total` | @Override⏎    public int total[...]tionException(\"x\");⏎    }",
        "Edit `total` as told | @Override⏎    public int total[...]tionException(\"x\");⏎    }",
        "Explain `total` | @Override⏎    public int total[...]tionException(\"x\");⏎    }",
    ]),
    ("java", "class Shop {\n    Shop() {$0}\n    abstract int x();\n}\n", &[
        "Document `Shop` | ",
        "Write tests for `Shop` | Shop() {}",
        "Edit `Shop` as told | Shop() {}",
        "Explain `Shop` | Shop() {}",
    ]),
    ("java", "/** Old. */\npublic class Sh$0op {\n    int a;\n}\n", &[
        "Rewrite the documentation of `Shop` | /** Old. */",
        "Write tests for `Shop` | public class Shop {⏎    int a;⏎}",
        "Edit `Shop` as told | public class Shop {⏎    int a;⏎}",
        "Explain `Shop` | public class Shop {⏎    int a;⏎}",
    ]),
    ("csharp", "class Shop\n{\n    [Obsolete]\n    public int Total() => th$0row new NotImplementedException();\n}\n", &[
        "Document `Total` | ",
        "Write tests for `Total` | [Obsolete]⏎    public int Tota[...]otImplementedException();",
        "Simplify `Total` | [Obsolete]⏎    public int Tota[...]otImplementedException();",
        "Edit `Total` as told | [Obsolete]⏎    public int Tota[...]otImplementedException();",
        "Explain `Total` | [Obsolete]⏎    public int Tota[...]otImplementedException();",
    ]),
    ("csharp", "class Shop\n{\n    /// <summary>Old.</summary>\n    public int Total()\n    {\n        throw new NotImplementedException();$0\n    }\n}\n", &[
        "Implement `Total` | throw new NotImplementedException();",
        "Rewrite the documentation of `Total` | /// <summary>Old.</summary>",
        "Write tests for `Total` | public int Total()⏎    {⏎     [...]ementedException();⏎    }",
        "Edit `Total` as told | public int Total()⏎    {⏎     [...]ementedException();⏎    }",
        "Explain `Total` | public int Total()⏎    {⏎     [...]ementedException();⏎    }",
    ]),
    ("c", "int add(int a, int b) {\n    return 0; // TODO: add$0\n}\n", &[
        "Implement `add` | return 0; // TODO: add",
        "Document `add` | ",
        "Write tests for `add` | int add(int a, int b) {⏎    return 0; // TODO: add⏎}",
        "Edit `add` as told | int add(int a, int b) {⏎    return 0; // TODO: add⏎}",
        "Explain `add` | int add(int a, int b) {⏎    return 0; // TODO: add⏎}",
    ]),
    ("c", "int add(int a, int$0 b);\n", &[
        "Document `add` | ",
        "Edit `add` as told | int add(int a, int b);",
        "Explain `add` | int add(int a, int b);",
    ]),
    ("c", "typedef struct node {\n    int a$0;\n} Node;\n", &[
        "Document `node` | ",
        "Write tests for `node` | typedef struct node {⏎    int a;⏎} Node;",
        "Edit `node` as told | typedef struct node {⏎    int a;⏎} Node;",
        "Explain `node` | typedef struct node {⏎    int a;⏎} Node;",
    ]),
    ("cpp", "template <typename T>\nT add(T a, T b) {\n    return a $0+ b;\n}\n", &[
        "Document `add` | ",
        "Write tests for `add` | template <typename T>⏎T add(T a, T b) {⏎    return a + b;⏎}",
        "Simplify `add` | template <typename T>⏎T add(T a, T b) {⏎    return a + b;⏎}",
        "Edit `add` as told | template <typename T>⏎T add(T a, T b) {⏎    return a + b;⏎}",
        "Explain `add` | template <typename T>⏎T add(T a, T b) {⏎    return a + b;⏎}",
    ]),
    ("cpp", "struct A {\n    virtual void run() {$0}\n    int x() const { throw std::logic_error(\"not implemented\"); }\n};\n", &[
        "Document `run` | ",
        "Write tests for `run` | virtual void run() {}",
        "Edit `run` as told | virtual void run() {}",
        "Explain `run` | virtual void run() {}",
    ]),
    ("cpp", "struct A {\n    int x() const { throw std::logic_error(\"not implemented\");$0 }\n};\n", &[
        "Implement `x` |  throw std::logic_error(\"not implemented\"); ",
        "Document `x` | ",
        "Write tests for `x` | int x() const { throw std::logic_error(\"not implemented\"); }",
        "Edit `x` as told | int x() const { throw std::logic_error(\"not implemented\"); }",
        "Explain `x` | int x() const { throw std::logic_error(\"not implemented\"); }",
    ]),
    ("kotlin", "/** Old. */\n@Deprecated(\"x\")\nfun add(a: Int, b: Int): Int {\n    TODO()$0\n}\n", &[
        "Implement `add` | TODO()",
        "Rewrite the documentation of `add` | /** Old. */",
        "Write tests for `add` | @Deprecated(\"x\")⏎fun add(a: Int, b: Int): Int {⏎    TODO()⏎}",
        "Edit `add` as told | @Deprecated(\"x\")⏎fun add(a: Int, b: Int): Int {⏎    TODO()⏎}",
        "Explain `add` | @Deprecated(\"x\")⏎fun add(a: Int, b: Int): Int {⏎    TODO()⏎}",
    ]),
    ("kotlin", "class Shop(\n    val a: Int,\n) {\n    override fun total(): Int {\n        return a$0\n    }\n}\n", &[
        "Document `total` | ",
        "Write tests for `total` | override fun total(): Int {⏎        return a⏎    }",
        "Simplify `total` | override fun total(): Int {⏎        return a⏎    }",
        "Edit `total` as told | override fun total(): Int {⏎        return a⏎    }",
        "Explain `total` | override fun total(): Int {⏎        return a⏎    }",
    ]),
    ("kotlin", "fun List<Int>.twice() = ma$0p { it * 2 }\n", &[
        "Document `twice` | ",
        "Write tests for `twice` | fun List<Int>.twice() = map { it * 2 }",
        "Simplify `twice` | fun List<Int>.twice() = map { it * 2 }",
        "Edit `twice` as told | fun List<Int>.twice() = map { it * 2 }",
        "Explain `twice` | fun List<Int>.twice() = map { it * 2 }",
    ]),
    ("php", "<?php\nclass Shop\n{\n    public function total(array $items): int\n    {\n        throw new \\RuntimeException('Not implemented');$0\n    }\n}\n", &[
        "Implement `total` | throw new \\RuntimeException('Not implemented');",
        "Document `total` | ",
        "Write tests for `total` | public function total(array $i[...]'Not implemented');⏎    }",
        "Edit `total` as told | public function total(array $i[...]'Not implemented');⏎    }",
        "Explain `total` | public function total(array $i[...]'Not implemented');⏎    }",
    ]),
    ("ruby", "class A\n  def f(a)\n    a$0 + 1\n  end\nend\n", &[
        "Document `f` | ",
        "Write tests for `f` | def f(a)⏎    a + 1⏎  end",
        "Simplify `f` | def f(a)⏎    a + 1⏎  end",
        "Edit `f` as told | def f(a)⏎    a + 1⏎  end",
        "Explain `f` | def f(a)⏎    a + 1⏎  end",
    ]),
    ("lua", "local function f(a)\n  return$0 a\nend\n", &[
        "Document `f` | ",
        "Write tests for `f` | local function f(a)⏎  return a⏎end",
        "Simplify `f` | local function f(a)⏎  return a⏎end",
        "Edit `f` as told | local function f(a)⏎  return a⏎end",
        "Explain `f` | local function f(a)⏎  return a⏎end",
    ]),
    ("shellscript", "f() {\n  echo$0 1\n}\n", &[
        "Document `f` | ",
        "Simplify `f` | f() {⏎  echo 1⏎}",
        "Edit `f` as told | f() {⏎  echo 1⏎}",
        "Explain `f` | f() {⏎  echo 1⏎}",
    ]),
    ("plaintext", "some «text\nmore» text\n", &[
        "Edit the selection as told | some text⏎more text",
        "Explain the selection | some text⏎more text",
    ]),
    ("plaintext", "some te$0xt\n", &[
    ]),
    ("json", "{\"a\": $01}\n", &[
    ]),
    ("python", "def f(a):\r\n    \"\"\"D.\"\"\"\r\n    pass$0\r\n", &[
        "Implement `f` | pass",
        "Rewrite the documentation of `f` | \"\"\"D.\"\"\"",
        "Write tests for `f` | def f(a):⏎    \"\"\"D.\"\"\"⏎    pass",
        "Edit `f` as told | def f(a):⏎    \"\"\"D.\"\"\"⏎    pass",
        "Explain `f` | def f(a):⏎    \"\"\"D.\"\"\"⏎    pass",
    ]),
    ("go", "package a\n\nfunc F() int {\n\tif true {\n\t\tret«urn 1\n\t}\n\treturn» 2\n}", &[
        "Simplify the selection | return 1⏎→}⏎→return 2",
        "Edit the selection as told | return 1⏎→}⏎→return 2",
        "Explain the selection | return 1⏎→}⏎→return 2",
    ]),
];
