use super::*;

#[test]
fn print_all() {
    for (language, text) in CASES {
        let (snapshot, range) = marked(language, text);
        println!("=== {language}: {}", text.replace('\n', "⏎"));
        for line in listed(&snapshot, range, &[]) {
            println!("    {line}");
        }
    }
}

const CASES: &[(&str, &str)] = &[
    (
        "python",
        "def total(prices):\n    s$0 = 0\n    for p in prices:\n        s += p\n    return s\n",
    ),
    (
        "python",
        "def tot$0al(prices):\n    \"\"\"Adds.\"\"\"\n    pass\n",
    ),
    ("python", "class A:\n    def f(self): p$0ass\n"),
    (
        "python",
        "def f(a):\n    raise NotImplementedError(\"later\")$0\n",
    ),
    ("python", "def f(a):\n    \"\"\"Sum of squares.\"\"\"$0\n"),
    (
        "python",
        "def f(a):\n    # TODO: sum the squares$0\n    return None\n",
    ),
    (
        "python",
        "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n        pa$0ss\n",
    ),
    ("python", "@cache\n@log(1)\ndef f$0(a):\n    return a\n"),
    ("python", "@ca$0che\ndef f(a):\n    return a\n"),
    (
        "python",
        "x = 1\n\n# read all lines of the file into a list$0\n",
    ),
    (
        "python",
        "def f(a):\n    # tacit: use a set\n    b = lis$0t(a)\n    return b\n",
    ),
    (
        "python",
        "# tacit: handle\n#   negative numbers$0\n@cache\ndef f(a):\n    return a\n",
    ),
    (
        "python",
        "def f(a):\n    b = 1\n«    c = 2\n    d = 3\n»    return b\n",
    ),
    ("python", "def f(a):\n    b = fo«o(ba»r)\n    return b\n"),
    (
        "python",
        "«def f(a):\n    return a\n\n\ndef g(b):\n    return b\n»",
    ),
    (
        "python",
        "def f(a):\n    def g(b):\n        return$0 b\n    return g\n",
    ),
    ("python", "$0import os\n\ndef f():\n    return 1\n"),
    (
        "python",
        "#!/usr/bin/env python3\n\"\"\"Old.\"\"\"\nimport o$0s\n",
    ),
    ("python", "$0"),
    ("python", "x = 1\n$0\n\ny = 2\n"),
    ("python", "def test_f():\n    assert$0 f(1) == 1\n"),
    (
        "python",
        "class Shop:\n    ite$0ms = []\n\n    def add(self, item):\n        self.items.append(item)\n",
    ),
    (
        "python",
        "def broken(:\n    x = (1\n\ndef f(a):\n    return$0 a",
    ),
    (
        "rust",
        "/// Adds.\n#[inline]\npub fn add(a: i32, b: i32) -> i32 {\n    a $0+ b\n}\n",
    ),
    (
        "rust",
        "#[inline]\n/// Adds.$0\npub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n",
    ),
    (
        "rust",
        "impl Shop {\n    fn total(&self) -> u32 {\n        todo!()$0\n    }\n}\n",
    ),
    (
        "rust",
        "fn total() -> u32 { todo!(\"sum, then {}\", 1) }$0\n",
    ),
    ("rust", "fn total() -> u32 {$0}\n"),
    ("rust", "fn nothing() {$0}\n"),
    ("rust", "struct A$0 {\n    b: u32,\n}\n"),
    ("rust", "mod a {\n    $0use super::*;\n}\n"),
    ("rust", "$0use std::fmt;\n"),
    ("rust", "//! Old$0.\n//! More.\n\nuse std::fmt;\n"),
    (
        "rust",
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert!($0true);\n    }\n}\n",
    ),
    (
        "rust",
        "fn f() {\n    let g = |x: u32| {\n        x + $01\n    };\n}\n",
    ),
    ("rust", "fn one() -> u32 { 1$0 }\n"),
    (
        "typescript",
        "export async function load(url: string): Promise<string> {\n  throw new Error(\"Not implemented\");$0\n}\n",
    ),
    (
        "typescript",
        "export const add = (a: number, b: number) => {\n  return a $0+ b;\n};\n",
    ),
    ("typescript", "ex$0port const add = (a: number) => a + 1;\n"),
    (
        "typescript",
        "@Component({})\nexport class A {\n  @Input() x = 1;\n\n  /** Old. */\n  @Log()\n  run$0(): void {}\n}\n",
    ),
    ("typescript", "interface A$0 {\n  x: number;\n}\n"),
    (
        "javascript",
        "module.exports = {};\nexports.parse = function (text) {\n  return te$0xt;\n};\n",
    ),
    ("javascript", "function add(a, b) {\n  // TODO$0\n}\n"),
    ("javascript", "class A {\n  constructor(a) {$0}\n}\n"),
    (
        "go",
        "package shop\n\nfunc (s *Shop) Total() (int, error) {\n\tpanic(\"not implemented\")$0\n}\n",
    ),
    ("go", "package sh$0op\n\nimport \"fmt\"\n"),
    (
        "go",
        "package shop\n\n// Shop sells.\ntype Shop$0 struct {\n\tName string\n}\n",
    ),
    ("go", "package shop\n\nfunc Run() {$0\n}\n"),
    ("go", "package shop\n\nfunc Sum(a []int) int {$0\n}\n"),
    (
        "java",
        "class Shop {\n    @Override\n    public int total() {\n        throw new UnsupportedOperationException(\"x\");$0\n    }\n}\n",
    ),
    (
        "java",
        "class Shop {\n    Shop() {$0}\n    abstract int x();\n}\n",
    ),
    (
        "java",
        "/** Old. */\npublic class Sh$0op {\n    int a;\n}\n",
    ),
    (
        "csharp",
        "class Shop\n{\n    [Obsolete]\n    public int Total() => th$0row new NotImplementedException();\n}\n",
    ),
    (
        "csharp",
        "class Shop\n{\n    /// <summary>Old.</summary>\n    public int Total()\n    {\n        throw new NotImplementedException();$0\n    }\n}\n",
    ),
    (
        "c",
        "int add(int a, int b) {\n    return 0; // TODO: add$0\n}\n",
    ),
    ("c", "int add(int a, int$0 b);\n"),
    ("c", "typedef struct node {\n    int a$0;\n} Node;\n"),
    (
        "cpp",
        "template <typename T>\nT add(T a, T b) {\n    return a $0+ b;\n}\n",
    ),
    (
        "cpp",
        "struct A {\n    virtual void run() {$0}\n    int x() const { throw std::logic_error(\"not implemented\"); }\n};\n",
    ),
    (
        "cpp",
        "struct A {\n    int x() const { throw std::logic_error(\"not implemented\");$0 }\n};\n",
    ),
    (
        "kotlin",
        "/** Old. */\n@Deprecated(\"x\")\nfun add(a: Int, b: Int): Int {\n    TODO()$0\n}\n",
    ),
    (
        "kotlin",
        "class Shop(\n    val a: Int,\n) {\n    override fun total(): Int {\n        return a$0\n    }\n}\n",
    ),
    ("kotlin", "fun List<Int>.twice() = ma$0p { it * 2 }\n"),
    (
        "php",
        "<?php\nclass Shop\n{\n    public function total(array $items): int\n    {\n        throw new \\RuntimeException('Not implemented');$0\n    }\n}\n",
    ),
    ("ruby", "class A\n  def f(a)\n    a$0 + 1\n  end\nend\n"),
    ("lua", "local function f(a)\n  return$0 a\nend\n"),
    ("shellscript", "f() {\n  echo$0 1\n}\n"),
    ("plaintext", "some «text\nmore» text\n"),
    ("plaintext", "some te$0xt\n"),
    ("json", "{\"a\": $01}\n"),
    (
        "python",
        "def f(a):\r\n    \"\"\"D.\"\"\"\r\n    pass$0\r\n",
    ),
    (
        "go",
        "package a\n\nfunc F() int {\n\tif true {\n\t\tret«urn 1\n\t}\n\treturn» 2\n}",
    ),
];
