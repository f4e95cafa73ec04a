use super::*;
use crate::documents::{DocVersion, Documents};

/// What folders hold if there are these files.
fn names_among(files: &[&str]) -> impl Fn(&Path) -> Vec<String> {
    move |folder| {
        let inside = files
            .iter()
            .filter_map(|file| Path::new(file).strip_prefix(folder).ok());
        let names = inside.filter_map(|rest| rest.components().next());
        names
            .map(|name| name.as_os_str().to_string_lossy().into_owned())
            .collect()
    }
}

fn placed(path: &str, text: &str, files: &[&str]) -> Option<TestPlace> {
    let snapshot = Documents::default().open(&format!("file://{path}"), "", DocVersion(1), text);
    test_place(&snapshot, &names_among(files))
}

#[test]
fn tests_import_the_module_of_the_code() {
    let files = ["/w/src/shop/__init__.py", "/w/src/shop/api/__init__.py"];
    for (language, path, tests, expected) in [
        (
            "python",
            "/w/src/shop/cart.py",
            "/w/tests/test_cart.py",
            Some("shop.cart"),
        ),
        (
            "python",
            "/w/src/shop/api/orders.py",
            "/w/test_orders.py",
            Some("shop.api.orders"),
        ),
        (
            "python",
            "/w/src/shop/api/__init__.py",
            "/w/test_api.py",
            Some("shop.api"),
        ),
        (
            "python",
            "/w/src/tool.py",
            "/w/src/test_tool.py",
            Some("tool"),
        ),
        (
            "typescript",
            "/w/cart.ts",
            "/w/cart.test.ts",
            Some("./cart"),
        ),
        (
            "typescript",
            "/w/cart.ts",
            "/w/__tests__/cart.test.ts",
            None,
        ),
        ("go", "/w/cart.go", "/w/cart_test.go", None),
    ] {
        let place = TestPlace::File {
            path: tests.into(),
            exists: false,
        };
        let found = module(Path::new(path), &place, language, &names_among(&files));
        assert_eq!(found.as_deref(), expected, "{path}");
    }
}

#[test]
fn tests_go_where_the_project_has_them() {
    for (source, files, expected, exists) in [
        (
            "/w/shop.py",
            &["/w/tests/test_shop.py"][..],
            "/w/tests/test_shop.py",
            true,
        ),
        (
            "/w/shop.py",
            &["/w/tests/test_other.py"],
            "/w/tests/test_shop.py",
            false,
        ),
        (
            "/w/shop.py",
            &["/w/tests/__init__.py"],
            "/w/tests/test_shop.py",
            false,
        ),
        (
            "/w/shop.py",
            &["/w/other_test.py"],
            "/w/shop_test.py",
            false,
        ),
        ("/w/shop.py", &[], "/w/test_shop.py", false),
        (
            "/w/src/pkg/shop.py",
            &["/w/tests/test_other.py"],
            "/w/tests/test_shop.py",
            false,
        ),
        (
            "/w/shop.ts",
            &["/w/other.spec.ts"],
            "/w/shop.spec.ts",
            false,
        ),
        (
            "/w/shop.ts",
            &["/w/__tests__/other.test.ts"],
            "/w/__tests__/shop.test.ts",
            false,
        ),
        ("/w/shop.ts", &[], "/w/shop.test.ts", false),
        ("/w/shop.go", &[], "/w/shop_test.go", false),
        (
            "/w/src/main/java/org/Shop.java",
            &[],
            "/w/src/test/java/org/ShopTest.java",
            false,
        ),
        ("/w/Shop.cs", &[], "/w/ShopTests.cs", false),
        (
            "/w/src/shop.cpp",
            &["/w/tests/test_other.cpp"],
            "/w/tests/test_shop.cpp",
            false,
        ),
        (
            "/w/lib/shop.rb",
            &["/w/spec/other_spec.rb"],
            "/w/spec/shop_spec.rb",
            false,
        ),
        (
            "/w/src/Shop.php",
            &["/w/tests/OtherTest.php"],
            "/w/tests/ShopTest.php",
            false,
        ),
    ] {
        let path = PathBuf::from(expected);
        assert_eq!(
            placed(source, "", files),
            Some(TestPlace::File { path, exists }),
            "{source} {files:?}"
        );
    }
    assert_eq!(placed("/w/notes.md", "", &[]), None);
}

#[test]
fn rust_has_its_tests_in_the_file() {
    let bare = "fn a() {}\n";
    let with = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n";
    let outside = "fn a() {}\n\n#[cfg(test)]\nmod tests;\n";
    let same = |at, needs_module| Some(TestPlace::SameFile { at, needs_module });
    assert_eq!(placed("/w/shop.rs", bare, &[]), same(9, true));
    let end = with.find("super::*;").expect("the use") + "super::*;".len();
    assert_eq!(placed("/w/shop.rs", with, &[]), same(end, false));
    let path = PathBuf::from("/w/shop/tests.rs");
    let expected = Some(TestPlace::File { path, exists: true });
    assert_eq!(
        placed("/w/shop.rs", outside, &["/w/shop/tests.rs"]),
        expected
    );
}
