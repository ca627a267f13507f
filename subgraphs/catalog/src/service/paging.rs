//! Turns Relay arguments into slices and rows into cursors. A cursor names its list and order, so that one of
//! another order is refused instead of cutting the list at a random place.

use kit::page::{Cursor, PageArgs, PageError};

use crate::model::{Favourite, Product, ProductOrder, Slice, SortKey, SortValue, fold};

const FAVOURITES: &str = "FAVOURITES";

pub(super) fn product_slice(args: PageArgs, order: ProductOrder) -> Result<Slice, PageError> {
    slice(args, tag(order), |value| match order {
        ProductOrder::Name => matches!(value, SortValue::Text(_)),
        ProductOrder::Price | ProductOrder::Newest => matches!(value, SortValue::Int(_)),
    })
}

pub(super) fn favourite_slice(args: PageArgs) -> Result<Slice, PageError> {
    slice(args, FAVOURITES, |value| matches!(value, SortValue::Int(_)))
}

/// The place of a product in a list of that order.
pub(crate) fn product_cursor(order: ProductOrder, product: &Product) -> Cursor {
    let value = match order {
        ProductOrder::Name => SortValue::Text(fold(&product.name)),
        ProductOrder::Price => SortValue::Int(product.price_minor),
        ProductOrder::Newest => SortValue::Int(product.created_at),
    };
    Cursor::new(&(tag(order), value, &product.id))
}

/// The place of a favourite in its user's list.
pub(crate) fn favourite_cursor(favourite: &Favourite) -> Cursor {
    Cursor::new(&(FAVOURITES, favourite.added_at, &favourite.product.id))
}

fn tag(order: ProductOrder) -> &'static str {
    match order {
        ProductOrder::Name => "NAME",
        ProductOrder::Price => "PRICE",
        ProductOrder::Newest => "NEWEST",
    }
}

fn slice(args: PageArgs, tag: &str, fits: impl Fn(&SortValue) -> bool) -> Result<Slice, PageError> {
    Slice::new(args.validate()?, |cursor, argument| {
        let (list, value, id): (String, SortValue, String) = cursor.key(argument)?;
        // PostgreSQL takes no NUL character in text.
        let storable = !id.contains('\0') && !matches!(&value, SortValue::Text(text) if text.contains('\0'));
        if list != tag || !fits(&value) || !storable {
            return Err(PageError::InvalidCursor { argument });
        }
        Ok(SortKey { value, id })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(after: Cursor) -> PageArgs {
        PageArgs {
            after: Some(after.into()),
            ..PageArgs::default()
        }
    }

    #[test]
    fn a_cursor_is_only_good_for_the_order_it_was_made_for() {
        let by_price = Cursor::new(&("PRICE", 100, "p-1"));
        let slice = product_slice(args(by_price.clone()), ProductOrder::Price).unwrap();
        let key = SortKey {
            value: SortValue::Int(100),
            id: "p-1".to_owned(),
        };
        assert_eq!(slice.after(), Some(&key));
        for order in [ProductOrder::Newest, ProductOrder::Name] {
            assert!(product_slice(args(by_price.clone()), order).is_err());
        }
        assert!(favourite_slice(args(by_price)).is_err());
    }

    #[test]
    fn forged_parts_are_refused() {
        for forged in [
            Cursor::new(&("PRICE", "text", "p-1")),
            Cursor::new(&("PRICE", 1, "p\0")),
            Cursor::new(&("PRICE", 1)),
            Cursor::new(&("PRICE", 1, 2)),
        ] {
            let error = product_slice(args(forged), ProductOrder::Price).unwrap_err();
            assert_eq!(error, PageError::InvalidCursor { argument: "after" });
        }
        let forged = Cursor::new(&("NAME", "a\0", "p-1"));
        assert!(product_slice(args(forged), ProductOrder::Name).is_err());
    }
}
