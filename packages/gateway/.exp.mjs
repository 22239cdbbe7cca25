import sh from 'mvdan-sh';
const {syntax}=sh; const p=syntax.NewParser();
for(const t of ['${x@P}','${x:-a}','${x@Q}','${x^^}','${!x}','${!x*}']){ syntax.Walk(p.Parse('echo '+t,''),n=>{ if(n&&syntax.NodeType(n)==='ParamExp') console.log(t,n.Exp?.Op, n.Exp?.Word?.Lit?.(), n.Excl, n.Names); return true;});}
