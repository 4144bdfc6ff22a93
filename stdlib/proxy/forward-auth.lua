-- Asks an auth service whether a request may pass. Rendered configs set `txn.auth_url`, and in
-- `txn.auth_copy` the headers of a good answer that the request takes along.

local HOP = {
    ["connection"] = true,
    ["content-length"] = true,
    ["expect"] = true,
    ["host"] = true,
    ["keep-alive"] = true,
    ["te"] = true,
    ["trailer"] = true,
    ["transfer-encoding"] = true,
    ["upgrade"] = true,
}

local function question(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not HOP[name] then
            headers[name] = {}
            for index = 0, #values do
                table.insert(headers[name], values[index])
            end
        end
    end
    headers["x-forwarded-method"] = { txn.f:method() }
    headers["x-forwarded-uri"] = { txn.f:pathq() }
    return headers
end

local function refuse(txn, status, answer)
    local reply = txn:reply({ status = status })
    for name, values in pairs(answer and answer.headers or {}) do
        if not HOP[name] then
            for index = 0, #values do
                reply:add_header(name, values[index])
            end
        end
    end
    reply:set_body(answer and answer.body or "")
    txn:done(reply)
end

core.register_action("forward_auth", { "http-req" }, function(txn)
    local url = txn:get_var("txn.auth_url")
    local answer = core.httpclient():get({ url = url, headers = question(txn), timeout = 10000 })
    if not answer or not answer.status or answer.status == 0 then
        return refuse(txn, 502)
    end
    if answer.status < 200 or answer.status > 299 then
        return refuse(txn, answer.status, answer)
    end
    for name in string.gmatch(txn:get_var("txn.auth_copy") or "", "%S+") do
        txn.http:req_del_header(name)
        local values = answer.headers[string.lower(name)]
        for index = 0, values and #values or -1 do
            txn.http:req_add_header(name, values[index])
        end
    end
end)
