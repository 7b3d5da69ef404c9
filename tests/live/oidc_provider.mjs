// An OpenID provider on loopback: the certified library `oidc-provider`, in memory. Four people, any password.
import { createRequire } from 'node:module';

const { OIDC_MODULES, OIDC_PORT, OIDC_HOME } = process.env;
const { Provider } = await import(createRequire(`${OIDC_MODULES}/`).resolve('oidc-provider'));
const groups = { agent1001: ['cc-agents'], agent9001: ['cc-leads'], agent9002: ['cc-leads'], stranger: ['cooks'] };
const provider = new Provider(`http://127.0.0.1:${OIDC_PORT}`, {
  clients: [{
    client_id: 'tieline',
    client_secret: 'a secret: with/signs',
    redirect_uris: [`${OIDC_HOME}/desk/sign-in/company/callback`],
    post_logout_redirect_uris: [`${OIDC_HOME}/desk/sign-in`],
    backchannel_logout_uri: `${OIDC_HOME}/desk/sign-in/company/logout`,
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  claims: { openid: ['sub', 'sid'], profile: ['preferred_username'], groups: ['groups'] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true }, backchannelLogout: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ['only for tests'] },
  // The provider refuses to call loopback, as it should; here we are there.
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
  findAccount: (_, id) => groups[id] && {
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id.replace('agent', ''), groups: groups[id] }),
  },
});
provider.on('server_error', (_, error) => console.error(error));
provider.on('backchannel.error', (_, error) => console.error('back-channel logout:', error));
provider.listen(OIDC_PORT, '127.0.0.1');
// It ends with whoever started it, however that ends, and through however many programs that start one another.
process.stdin.on('end', () => process.exit()).resume();
