// A company's log-in for tests: whoever comes is the account that was set last, or is refused.
// Prints the port it listens on; keys are new at each start.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, callback, inToken] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
const issuer = `http://127.0.0.1:${port}`;
let who = "SH-S4";
let refuses = false;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "touchstone",
    client_secret: "a secret with % and : in it",
    redirect_uris: [callback],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  jwks: { keys: [key] },
  claims: { openid: ["sub"], profile: ["preferred_username"] },
  conformIdTokenClaims: inToken !== "in-token",
  cookies: { keys: [randomUUID()] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => (id === "nameless" ? { sub: id } : { sub: id, preferred_username: id }),
  }),
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
createServer(async (request, response) => {
  const [, first, second] = request.url.split("?")[0].split("/");
  if (first === "be") {
    who = decodeURIComponent(second);
    refuses = false;
    response.end("ok");
  } else if (first === "refuse") {
    refuses = true;
    response.end("ok");
  } else if (first === "interaction") {
    const result = refuses
      ? { error: "access_denied", error_description: "not today" }
      : { login: { accountId: who } };
    await provider.interactionFinished(request, response, result);
  } else {
    answer(request, response);
  }
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
