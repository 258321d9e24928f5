// Leads a Node program that has the service's hosts written into it to the fake, whatever library sends its requests.
//
// fetch of Node before 24 knows no proxy, and https never did. All of them open their connections with tls.connect: for the service's
// hosts that becomes a plain connection to the fake, which looks like a secure one to whoever asked for it. A tunnel that was opened
// already, by a library that does know the proxy, is left alone. Loaded by NODE_OPTIONS; see `runflow_mock.testing.proxy`.
"use strict";

const net = require("node:net");
const tls = require("node:tls");
const { syncBuiltinESMExports } = require("node:module");

const service = process.env.RUNFLOW_MOCK_SERVICE;
const hosts = new Set((process.env.RUNFLOW_MOCK_SERVICE_HOSTS || "").split(","));

if (service) {
  const { hostname, port } = new URL(service);
  const connect = tls.connect;

  tls.connect = function (...given) {
    const options = optionsOf(given);
    const host = String(options.host || options.servername || "").toLowerCase();
    if (options.socket || options.path || !hosts.has(host)) {
      return connect.apply(this, given);
    }
    if (process.env.RUNFLOW_MOCK_SERVICE_IS_TRUSTED === "" && asksForTrust(options)) {
      return distrusted();
    }
    const socket = net.connect({ host: hostname.replace(/^\[|\]$/g, ""), port });
    // What is asked of a secure connection, and is true of this one: nothing leaves the machine.
    Object.assign(socket, {
      encrypted: true,
      authorized: true,
      alpnProtocol: false,
      getPeerCertificate: () => ({}),
      getProtocol: () => "TLSv1.3",
      getSession: () => undefined,
      isSessionReused: () => false,
      setServername: () => undefined,
      disableRenegotiation: () => undefined,
    });
    socket.once("connect", () => socket.emit("secureConnect"));
    const callback = given[given.length - 1];
    if (typeof callback === "function") {
      socket.once("secureConnect", callback);
    }
    return socket;
  };
  syncBuiltinESMExports();
}

function asksForTrust(options) {
  return options.rejectUnauthorized !== false && process.env.NODE_TLS_REJECT_UNAUTHORIZED !== "0";
}

// What a program gets that checks certificates, where nobody has told it of the authority.
function distrusted() {
  const socket = new net.Socket();
  const error = new Error("self-signed certificate in certificate chain");
  return socket.destroy(Object.assign(error, { code: "SELF_SIGNED_CERT_IN_CHAIN" }));
}

function optionsOf(given) {
  const named = given.find((each) => each !== null && typeof each === "object") || {};
  return typeof given[0] === "object" ? named : { host: typeof given[1] === "string" ? given[1] : "localhost", ...named };
}
