use super::*;

/// A model that was asked for 100 lines in each of these languages: how many were right, and how long one took.
fn measured(model: &str, languages: &[(&str, usize, f64)]) -> Measured {
    let mut measured = Measured::new(model);
    for &(language, right, line) in languages {
        for hole in 0..100 {
            let outcome = Outcome {
                is_right: hole < right,
                is_shown: hole < 50,
                times: (hole < 90).then_some(Times {
                    first_token: 1500.0,
                    line,
                }),
            };
            measured.count(language, outcome);
        }
    }
    measured.is_complete = true;
    measured
}

#[test]
fn the_table_has_a_row_for_each_language_and_one_for_all() {
    let models = [
        measured("small", &[("rust", 20, 200.0), ("python", 60, 400.0)]),
        measured("a-larger-one", &[("rust", 31, 800.4)]),
    ];
    let expected = "\
model         language  holes     right      shown  of these right  a line  first, cold
small         all         200  80 (40 %)  100 (50 %)       70 (70 %)  200 ms      1500 ms
              python      100  60 (60 %)   50 (50 %)      50 (100 %)  400 ms      1500 ms
              rust        100  20 (20 %)   50 (50 %)       20 (40 %)  200 ms      1500 ms
a-larger-one  rust        100  31 (31 %)   50 (50 %)       31 (62 %)  800 ms      1500 ms
";
    let squeezed = |text: &str| -> Vec<String> {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().map(words).collect()
    };
    let table = Table(&models).to_string();
    assert_eq!(squeezed(&table), squeezed(expected));
    let ends = table.lines().map(|line| line.chars().count());
    assert_eq!(
        ends.collect::<std::collections::BTreeSet<_>>().len(),
        1,
        "{table}"
    );
}

#[test]
fn what_was_never_there_is_a_dash() {
    let mut measured = Measured::new("silent");
    measured.count(
        "go",
        Outcome {
            is_right: false,
            is_shown: false,
            times: None,
        },
    );
    let table = Table(&[measured]).to_string();
    let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(
        row,
        [
            "silent", "go", "1", "0", "(0", "%)", "0", "(0", "%)", "-", "-", "-"
        ]
    );
}

/// Right lines of 100 and milliseconds of one for each model, small ones first; which is chosen, and why.
type Case = (&'static [(usize, f64)], usize, Reason);

#[test]
fn the_recommendation_follows_from_right_lines_and_time() {
    let cases: [Case; 9] = [
        (&[(40, 200.0)], 0, Reason::Only),
        (&[(40, 900.0)], 0, Reason::Only),
        (&[(40, 200.0), (50, 450.0)], 1, Reason::MostRight),
        (&[(40, 200.0), (43, 450.0)], 0, Reason::AsGoodAndFaster),
        (&[(40, 200.0), (44, 450.0)], 1, Reason::MostRight),
        (&[(45, 200.0), (40, 450.0)], 0, Reason::MostRight),
        (&[(40, 200.0), (50, 501.0)], 0, Reason::BestOfTheQuick),
        (&[(40, 600.0), (50, 900.0)], 0, Reason::Fastest),
        (
            &[(30, 100.0), (40, 300.0), (60, 700.0)],
            1,
            Reason::BestOfTheQuick,
        ),
    ];
    for (models, chosen, reason) in cases {
        let of = |(number, &(right, line)): (usize, &(usize, f64))| {
            measured(&format!("model {number}"), &[("rust", right, line)])
        };
        let measured: Vec<_> = models.iter().enumerate().map(of).collect();
        let recommendation = recommend(&measured).unwrap();
        let expected = Recommendation {
            model: &format!("model {chosen}"),
            reason,
        };
        assert_eq!(recommendation, expected, "{models:?}");
        assert!(recommendation.sentence().contains(expected.model));
    }
}

#[test]
fn a_model_that_was_interrupted_is_not_compared() {
    let mut interrupted = measured("good", &[("rust", 90, 100.0)]);
    interrupted.is_complete = false;
    assert_eq!(recommend(std::slice::from_ref(&interrupted)), None);
    let models = [measured("slow", &[("rust", 10, 400.0)]), interrupted];
    let recommendation = recommend(&models).unwrap();
    assert_eq!(
        (recommendation.model, recommendation.reason),
        ("slow", Reason::Only)
    );
}

#[test]
fn programs_are_told_the_same() {
    let models = [measured(
        "small",
        &[("rust", 20, 200.0), ("python", 60, 400.0)],
    )];
    let summary = summary(&models, 7, 0.15);
    assert_eq!(
        (&summary["seed"], &summary["threshold"]),
        (&json!(7), &json!(0.15))
    );
    let model = &summary["models"][0];
    assert_eq!(model["model"], "small");
    assert_eq!(model["complete"], true);
    assert_eq!(
        (&model["holes"], &model["right"]),
        (&json!(200), &json!(80))
    );
    assert_eq!(
        model["languages"]["python"],
        json!({
            "holes": 100, "right": 60, "shown": 50, "shown_right": 50,
            "line_ms_median": 400.0, "cold_first_token_ms_median": 1500.0,
        })
    );
    assert_eq!(summary["recommendation"]["model"], "small");
    assert_eq!(summary["recommendation"]["reason"], "only");
}
