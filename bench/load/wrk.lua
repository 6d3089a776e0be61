-- What wrk sends, and how it tells what came back: one line of JSON, the same that load/node.ts prints.
-- Arguments: METHOD BODY_BYTES HOST ROUTES. With ROUTES above 0, each request is for a random one of r0.HOST, r1.HOST …

function init(args)
  local host, routes = args[3], tonumber(args[4])
  wrk.method = args[1]
  wrk.headers["Host"] = host
  if tonumber(args[2]) > 0 then wrk.body = string.rep("w", tonumber(args[2])) end
  if routes > 0 then
    -- Made beforehand: at a request only a number is drawn, from the same seed for each contestant.
    local ready = {}
    for i = 1, routes do
      wrk.headers["Host"] = "r" .. (i - 1) .. "." .. host
      ready[i] = wrk.format()
    end
    math.randomseed(4)
    request = function() return ready[math.random(routes)] end
  end
end

function done(summary, latency)
  local e = summary.errors
  local line = '{"requests":%d,"seconds":%.6f,"bytes":%d,"p50":%d,"p99":%d,"refused":%d,"errors":%d}\n'
  io.write(string.format(line, summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
