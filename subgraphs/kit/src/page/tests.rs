use super::*;

fn encoded(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

fn after(text: String) -> Result<PageRequest, PageError> {
    PageArgs {
        after: Some(text),
        ..PageArgs::default()
    }
    .validate()
}

#[test]
fn a_cursor_gives_its_key_back() {
    let key = (
        1999_i64,
        "p-1".to_owned(),
        "Läuferin \"X\"".to_owned(),
        None::<i64>,
    );
    let cursor = Cursor::new(&key);
    let request = after(cursor.as_str().to_owned()).unwrap();
    assert_eq!(request.after.unwrap().key("after"), Ok(key));
    assert!(
        cursor
            .as_str()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
}

#[test]
fn malformed_cursors_are_refused() {
    let good = Cursor::new(&(1, "p-1"));
    for text in [
        String::new(),
        "p-1".to_owned(),
        "not base64!".to_owned(),
        format!("{}==", good.as_str()),
        good.as_str()[1..].to_owned(),
        good.as_str()[..good.as_str().len() - 3].to_owned(),
        encoded("[2,[1,\"p-1\"]]"),
        encoded("[1,\"p-1\"]"),
        encoded("[1]"),
        encoded("[1,[1],2]"),
        encoded("{}"),
        encoded("[1,[1]] "),
        URL_SAFE_NO_PAD.encode([0xff, 0xfe, 0x5b]),
        Cursor::new(&("x".repeat(2000),)).as_str().to_owned(),
    ] {
        let refused = after(text.clone());
        // Trailing blanks are JSON all the same: the one that is fine.
        if text == encoded("[1,[1]] ") {
            assert!(refused.is_ok());
            continue;
        }
        let error = refused.expect_err(&text);
        assert_eq!(error, PageError::InvalidCursor { argument: "after" }, "{text}");
        assert_eq!((error.code(), error.field()), ("INVALID_CURSOR", Some("after")));
    }
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let cursor = Cursor::new(&("name", "p-1"));
    assert_eq!(
        cursor.key::<(i64, String)>("before"),
        Err(PageError::InvalidCursor { argument: "before" })
    );
    assert!(cursor.key::<(String,)>("before").is_err());
    assert!(cursor.key::<(String, String, String)>("before").is_err());
}

#[test]
fn page_argument_rules() {
    let args = |first, last| {
        PageArgs {
            first,
            last,
            ..PageArgs::default()
        }
        .validate()
    };
    let plain = |limit, direction| {
        Ok(PageRequest {
            limit,
            direction,
            after: None,
            before: None,
        })
    };
    assert_eq!(args(None, None), plain(20, Direction::Forward));
    assert_eq!(args(Some(1), None), plain(1, Direction::Forward));
    assert_eq!(args(Some(100), None), plain(100, Direction::Forward));
    assert_eq!(args(None, Some(100)), plain(100, Direction::Backward));
    assert_eq!(args(Some(1), Some(1)), Err(PageError::FirstAndLast));
    for given in [0, -1, 101, i32::MIN, i32::MAX] {
        assert_eq!(
            args(Some(given), None),
            Err(PageError::OutOfRange {
                argument: "first",
                given
            })
        );
        let error = args(None, Some(given)).unwrap_err();
        assert_eq!((error.code(), error.field()), ("BAD_USER_INPUT", Some("last")));
    }
    let between = PageArgs {
        last: Some(5),
        after: Some(Cursor::new(&(1,)).into()),
        before: Some(Cursor::new(&(9,)).into()),
        first: None,
    };
    let request = between.validate().unwrap();
    assert!(request.is_backward());
    assert_eq!(request.after.unwrap().key("after"), Ok((1,)));
    assert_eq!(request.before.unwrap().key("before"), Ok((9,)));
}

#[test]
fn pages_are_cut_in_list_order() {
    let request = |args: PageArgs| args.validate().unwrap();
    let first = request(PageArgs {
        first: Some(2),
        ..PageArgs::default()
    });
    assert_eq!(first.fetch_limit(), 3);
    let page = Page::from_rows(&first, vec![1, 2, 3]);
    assert_eq!(
        (page.items.as_slice(), page.has_previous, page.has_next),
        (&[1, 2][..], false, true)
    );
    let page = Page::from_rows(&first, vec![1, 2]);
    assert_eq!((page.has_previous, page.has_next), (false, false));

    let cursor = String::from(Cursor::new(&(9,)));
    let last = request(PageArgs {
        last: Some(2),
        before: Some(cursor),
        ..PageArgs::default()
    });
    let page = Page::from_rows(&last, vec![8, 7, 6]);
    assert_eq!(
        (page.items.as_slice(), page.has_previous, page.has_next),
        (&[7, 8][..], true, true)
    );

    let info = page.info(|item| Cursor::new(&(item,)));
    assert_eq!(info.start_cursor, Some(Cursor::new(&(7,)).into()));
    assert_eq!(info.end_cursor, Some(Cursor::new(&(8,)).into()));
    let empty = Page::<i32>::from_rows(&first, Vec::new()).info(|item| Cursor::new(&(item,)));
    assert_eq!((empty.start_cursor, empty.end_cursor), (None, None));
}
