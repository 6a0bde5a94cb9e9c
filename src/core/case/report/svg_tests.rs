//! What a picture may draw and what it must leave out.

use super::*;

fn bar(from: i64, to: i64, candidate: Option<f64>, gap: Option<&'static str>) -> Bar {
    Bar {
        from: Utc::from_secs(from),
        to: Utc::from_secs(to),
        candidate,
        stable: Some(0.01),
        burn: [Some(1.0), Some(5.0)],
        gap,
    }
}

fn picture(bars: Vec<Bar>) -> Picture {
    let (from, to) = (Utc::from_secs(0), Utc::from_secs(100));
    Picture { name: "<checkout>&\"".into(), from, to, bars, marks: Vec::new(), more: 0, sparse: false, days: false }
}

fn path<'a>(svg: &'a str, class: &str) -> &'a str {
    let end = svg.find(&format!("\" class=\"line {class}\"/>\n")).expect("the curve");
    let from = svg[..end].rfind("<path d=\"").expect("a path") + 9;
    &svg[from..end]
}

#[test]
fn a_line_never_crosses_what_is_not_known() {
    let whole = picture(vec![bar(10, 20, Some(0.1), None), bar(20, 30, Some(0.2), None), bar(30, 40, Some(0.2), None)]);
    assert_eq!(path(&whole.svg(0), "candidate").matches('M').count(), 1);
    let holed =
        picture(vec![bar(10, 20, Some(0.1), None), bar(20, 60, None, Some("why")), bar(60, 70, Some(0.2), None)]);
    let svg = holed.svg(0);
    for class in ["candidate", "stable", "short", "long"] {
        assert_eq!(path(&svg, class).matches('M').count(), 2, "{class}");
        assert_eq!(path(&svg, class).matches('L').count(), 0, "{class}");
    }
    // The hole, what lies before the first figure, and what lies behind the last, in both panels.
    assert_eq!(svg.matches("fill=\"url(#h0)\"").count(), 6);
    // No requests in a step: no data for that track alone, and no line.
    let idle = picture(vec![bar(10, 20, Some(0.1), None), bar(20, 30, None, None), bar(30, 40, Some(0.2), None)]);
    assert_eq!(path(&idle.svg(0), "candidate").matches('M').count(), 2);
    assert_eq!(path(&idle.svg(0), "stable").matches('M').count(), 1);
}

#[test]
fn names_are_escaped_and_the_picture_is_told_in_words() {
    let svg = picture(vec![bar(10, 20, Some(0.216), None)]).svg(3);
    assert!(svg.contains("&lt;checkout&gt;&amp;&quot;") && !svg.contains("<checkout>"));
    assert!(svg.contains("<title id=\"t3\">") && svg.contains("The candidate&#39;s highest rate is 21.6%."), "{svg}");
    assert!(svg.contains("reaches 5.0x, above the line of 3x"));
    assert!(svg.contains("class=\"limit\""));
}

#[test]
fn the_scale_ends_at_a_round_number() {
    assert_eq!([0.216, 0.0, 3.6, 22.0, f64::NAN].map(nice), [0.5, 0.01, 5.0, 50.0, 0.01]);
}
