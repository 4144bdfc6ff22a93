-- Opens a project in a real editor and does to it what people do. What happened goes to a file, line by
-- line; the editor leaves with 1 where something did not.
local report = assert(io.open(os.getenv('PROBE_REPORT'), 'w'))
local WAIT = 30000

local function say(text)
  report:write(text, '\n')
  report:flush()
end

local function fail(text)
  say('failed: ' .. text)
  vim.cmd('cquit')
end

local function wait(what, condition)
  if not vim.wait(WAIT, condition, 20) then
    fail('waited in vain for ' .. what)
  end
end

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, WAIT)
  for _, answer in pairs(answers or {}) do
    if answer.err then
      fail(method .. ': ' .. answer.err.message)
    end
    return answer.result
  end
  fail(method .. ' was not answered')
end

local function main()
  vim.cmd('edit skep.kdl')
  local ended
  local id = vim.lsp.start_client({
    name = 'skep',
    cmd = { os.getenv('PROBE_SKEP'), 'lsp' },
    root_dir = vim.fn.getcwd(),
    on_exit = function(code) ended = code end,
  })
  vim.lsp.buf_attach_client(0, id)
  local client = vim.lsp.get_client_by_id(id)

  wait('a diagnostic', function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  say(('diagnostic %d:%d %s'):format(found.lnum, found.col, found.message:gsub('\n', ' / ')))

  local encoding = client.offset_encoding
  vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  local params = vim.lsp.util.make_range_params(0, encoding)
  params.context = { diagnostics = {} }
  local action = ask('textDocument/codeAction', params)[1]
  say('action ' .. action.title)
  vim.lsp.util.apply_workspace_edit(action.edit, encoding)
  wait('no diagnostic', function() return #vim.diagnostic.get(0) == 0 end)

  params = vim.lsp.util.make_formatting_params()
  vim.lsp.util.apply_text_edits(ask('textDocument/formatting', params), 0, encoding)

  vim.fn.search('service \\zsapi')
  params = vim.lsp.util.make_position_params(0, encoding)
  local hover = ask('textDocument/hover', params)
  say('hover ' .. hover.contents.value:gsub('\n.*', ''))
  params.newName = 'backend'
  vim.lsp.util.apply_workspace_edit(ask('textDocument/rename', params), encoding)
  wait('no diagnostic', function() return #vim.diagnostic.get(0) == 0 end)
  vim.cmd('silent wall')

  client.stop()
  wait('the end of the server', function() return ended ~= nil end)
  say('the server ended with ' .. ended)
end

local fine, problem = pcall(main)
if not fine then
  fail(tostring(problem))
end
report:close()
vim.cmd('qall!')
