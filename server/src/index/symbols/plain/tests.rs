//! What `fixtures/symbols` has no file for: the other languages, broken and hostile text.

use super::*;
use crate::index::symbols::Imported;

fn found_in(language: &str, text: &str) -> FileSymbols {
    let language = Language::by_lsp_id(language).expect("in the table");
    symbols(text, language).expect("read by lines")
}

fn names(symbols: &FileSymbols) -> Vec<String> {
    let name = |each: &Definition| match &each.container {
        Some(container) => format!("{container}.{}", each.name),
        None => each.name.clone(),
    };
    symbols.definitions.iter().map(name).collect()
}

#[test]
fn definitions_of_each_language() {
    for (language, text, expected) in [
        (
            "scala",
            "package shop\nimport shop.util.{Money, Item => Thing}\ncase class Order(price: Int) extends Base\n\
             object Order:\n  def empty: Order =\n    val hidden = 0\n    Order(hidden)\n\
             trait Keyed { def key: String }\nenum Color:\n  case Red, Green\ntype Names = List[String]\n\
             def top(x: Int): Int =\n  val hidden = x\n  hidden + 1\n",
            "Order Order Order.empty Keyed Keyed.key Color Names top",
        ),
        (
            "lua",
            "local store = require(\"shop.store\")\nlocal M = {}\nfunction M.add(x, y)\n  local hidden = x\nend\n\
             function M:take() end\nlocal function near()\nend\nreturn M\n",
            "M.add M.take near",
        ),
        (
            "dart",
            "import 'package:shop/item.dart';\nclass Till extends Base {\n  final int limit;\n  Till(this.limit);\n\
               Future<int> pay(Item item) async {\n    if (item.isNew) {\n      run(1);\n    }\n  }\n}\n\
             void main() {\n  run(3);\n}\nenum Mode { read, write }\n",
            "Till Till.pay main Mode",
        ),
        (
            "groovy",
            "package shop\nclass Till {\n    def pay(item) { 1 }\n    String name(int x) { 'a' }\n    int limit = 3\n}\n",
            "Till Till.pay Till.name",
        ),
        (
            "php",
            "<?php\nnamespace Shop {\n    use Other\\Thing;\n    class Till {}\n}\n",
            "Till",
        ),
        (
            "kotlin",
            "class A { class B { fun c() {} } }\n@Composable\nfun Screen() {}\nfun `takes it`() {}\n",
            "A A.B B.c Screen takes it",
        ),
        // Being typed.
        (
            "swift",
            "func a(\nstruct B {\n    func c() {\n    }\n}\n",
            "a B B.c",
        ),
        (
            "kotlin",
            "class A {\n    fun b(x: \n}\nfun c() {}\n",
            "A A.b c",
        ),
    ] {
        let found = names(&found_in(language, text)).join(" ");
        assert_eq!(found, expected, "{language}: {text}");
    }
}

#[test]
fn packages_and_imports() {
    let scala = found_in(
        "scala",
        "package shop\nimport shop.util.{Money, Item => Thing}\n",
    );
    let named = |theirs: &str, ours: &str| (theirs.to_owned(), ours.to_owned());
    assert_eq!(scala.package.as_deref(), Some("shop"));
    let names = vec![named("Money", "Money"), named("Item", "Thing")];
    assert_eq!(scala.imports[0].names, Imported::Names(names));

    let lua = found_in("lua", "local store = require \"shop.store\"\n");
    assert_eq!(lua.imports[0].module, "shop.store");
    assert_eq!(lua.imports[0].names, Imported::Module("store".to_owned()));

    let php = found_in("php", "<?php\nnamespace Shop {\n    use Other\\Thing;\n}\n");
    assert_eq!(php.package.as_deref(), Some("Shop"));
    assert_eq!(php.imports[0].module, "Other");
}

#[test]
fn text_that_nobody_writes_costs_little() {
    let lines = |line: &str| format!("{line}\n").repeat(100_000 / line.len());
    for text in [
        lines("class A {"),
        lines("class A { fun b("),
        lines("@A"),
        lines("@A("),
        lines("private"),
        lines("val a = b,"),
        lines("fun <"),
        lines("\"\"\""),
        lines("}"),
    ] {
        for language in Language::all().iter().filter(|language| reads(language)) {
            let start = std::time::Instant::now();
            symbols(&text, language);
            let elapsed = start.elapsed();
            let line = text.lines().next().unwrap_or_default();
            assert!(
                elapsed.as_secs() < 10,
                "{}: {line}: {elapsed:?}",
                language.name
            );
        }
    }
}
