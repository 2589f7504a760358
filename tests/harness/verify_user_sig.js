// Makes UserSigs with the official package of npm.
//
// In, JSON on stdin: {"user_sigs": [{"sdk_app_id", "key", "identifier", "time", "expire"}]}
// Out, JSON on stdout, for each: the package's own for the same values.

const TLSSigAPIv2 = require("tls-sig-api-v2");

const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const own = given.user_sigs.map((one) => {
  // The package takes the time of the clock: this is the clock.
  Date.now = () => one.time * 1000;
  return new TLSSigAPIv2.Api(one.sdk_app_id, one.key).genUserSig(one.identifier, one.expire);
});
process.stdout.write(JSON.stringify(own));
