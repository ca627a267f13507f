// The tabs a new visitor finds. The documents are files so that tests can run them against the shop.
import orders from "./samples/orders.graphql";
import products from "./samples/products.graphql";
import search from "./samples/search.graphql";
import signIn from "./samples/sign-in.graphql";
import account from "./samples/account.graphql";

const json = (value) => JSON.stringify(value, null, 2);

export const tabs = [
  { query: orders },
  { query: products, variables: json({ country: "FR" }) },
  { query: search },
  { query: signIn },
  {
    query: account,
    variables: json({
      input: {
        idempotencyKey: "my-first-order",
        lines: [{ itemId: "p-1", quantity: 1 }],
        expectedTotalMinor: 1000,
      },
    }),
    headers: `{
  // "Authorization": "Bearer <the token of the SignIn tab>"
}`,
  },
];
